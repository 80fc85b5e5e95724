/** The built code in a real browser, with the service worker of the guide; the test stands in for the push service. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, launchBrowser } from "@doorstep/testkit";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const [, serviceWorker = ""] = /```js\n(.*?)```/s.exec(read("../../../docs/guide/web-push.md")) ?? [];

const FILES: Readonly<Record<string, string>> = {
  "/web-push.js": read("../dist/web-push.js"),
  // A bundler would do this.
  "/service-worker.js": serviceWorker.replace('"@doorstep/client"', '"/web-push.js"'),
};

/** Serves a page that has the files, and answers its address. */
async function serve(): Promise<string> {
  const server = createServer(({ url = "" }, response) => {
    const script = FILES[url];
    response.setHeader("content-type", script === undefined ? "text/html" : "text/javascript");
    response.end(script ?? "<title>a page</title>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUp.add(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A page in a browser whose user allowed notifications, with its service worker, and a push service's way to that. */
async function openPage() {
  const origin = await serve();
  const browser = await launchBrowser();
  cleanUp.add(() => browser.close());
  const context = await browser.newContext();
  await context.grantPermissions(["notifications"], { origin });
  const page = await context.newPage();
  const devTools = await context.newCDPSession(page);
  let registrationId = "";
  devTools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
    registrationId = registrations.at(-1)?.registrationId ?? registrationId;
  });
  await devTools.send("ServiceWorker.enable");
  await page.goto(origin);
  await page.evaluate(`
    navigator.serviceWorker.register("/service-worker.js", { type: "module" }).then(() => navigator.serviceWorker.ready)
  `);
  await eventually(() => registrationId !== "");
  return {
    run: (script: string) => page.evaluate(`(async () => { ${script} })()`),
    push: (data: string) => devTools.send("ServiceWorker.deliverPushMessage", { origin, registrationId, data }),
  };
}

describe("the built module in Chromium", () => {
  it("runs as it is, and asks the browser with options that it takes", async () => {
    const { run } = await openPage();
    const result = await run(`
      const { enableWebPush } = await import("/web-push.js");
      const registration = await navigator.serviceWorker.ready;
      const client = { state: { status: "idle" }, onState: () => () => {}, changeWebPush: async () => false };
      const { publicKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
      const point = String.fromCharCode(...new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)));
      const vapidPublicKey = btoa(point).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      const tryWith = (key) => enableWebPush(client, { vapidPublicKey: key, registration }).then(() => "ok", ({ name }) => name);
      return [await tryWith(vapidPublicKey), await tryWith("no key")];
    `);
    // The browser of a test has no push service to register with.
    expect(result).toEqual([expect.stringMatching(/^(?:ok|AbortError)$/), "InvalidCharacterError"]);
  });

  it("lets the guide's service worker show what a courier sends, and something for what it does not know", async () => {
    const { run, push } = await openPage();
    const shown = (): Promise<unknown> =>
      run(`
        const registration = await navigator.serviceWorker.ready;
        return (await registration.getNotifications()).map(({ title, body, tag, data }) => [title, body, tag, data]);
      `);
    // DevTools does not say whether a push arrived, and a busy browser loses some: each is sent again until it is seen.
    const pushUntilShown = (data: string, notification: unknown): Promise<unknown> =>
      eventually(
        async () => {
          await push(data);
          await eventually(async () => expect(await shown()).toContainEqual(notification), { timeoutMs: 2_000 });
        },
        { timeoutMs: 20_000 },
      );
    const title = "Your assistant has news";
    const three = JSON.stringify({ type: "agent_paused", count: 3, runId: "r1", threadId: "t1" });
    await pushUntilShown(three, [title, "3 new", "t1", { threadId: "t1" }]);
    const one = JSON.stringify({ type: "agent_paused", count: 1, threadId: "t1" });
    await pushUntilShown(one, [title, "1 new", "t1", { threadId: "t1" }]);
    expect(await shown()).toHaveLength(1);
    await pushUntilShown("hello", [title, "1 new", "", {}]);
    expect(await shown()).toContainEqual([title, "1 new", "t1", { threadId: "t1" }]);
  }, 70_000);
});
