import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createCleanUp, eventually, freePort, launchBrowser, startProgram, startRedis } from "@doorstep/testkit";
import type { BrowserContext, Page } from "playwright-core";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** Where the screenshot goes: `npm run screenshot` puts it into the guide. */
const SCREENSHOT = process.env["DOORSTEP_SCREENSHOT"] ?? "reports/demo.png";
const FINISHED = /completed/;
const RUN_MS = 30_000;

describe("the demo page in a real browser", () => {
  const cleanUp = createCleanUp();
  let context: BrowserContext;
  let page: Page;
  let url = "";
  const pageErrors: string[] = [];

  const text = (testId: string): Promise<string> => page.getByTestId(testId).innerText();
  const untilLive = () => eventually(async () => (await text("connection")) === "live", { timeoutMs: 20_000 });
  const untilFinished = (count: number) =>
    eventually(
      async () => {
        const states = await page.locator(".run .pill").allInnerTexts();
        expect(states).toHaveLength(count);
        for (const state of states) expect(state).toMatch(FINISHED);
      },
      { timeoutMs: RUN_MS },
    );

  beforeAll(async () => {
    const redis = await startRedis();
    cleanUp.add(() => redis.stop());
    const port = await freePort();
    const start = await startProgram({
      name: "npm start",
      script: `${ROOT}apps/demo/dist/start.js`,
      env: { PATH: process.env["PATH"] ?? "", PORT: String(port), REDIS_URL: redis.url },
      ready: /Open http/,
      readyTimeoutMs: 60_000,
    });
    cleanUp.add(() => start.stop());
    url = `http://localhost:${port}/`;
    const browser = await launchBrowser();
    cleanUp.add(() => browser.close());
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    page.on("pageerror", (error) => pageErrors.push(error.message));
    await page.goto(url);
    await untilLive();
  }, 120_000);
  afterAll(() => cleanUp.run(), 60_000);

  it("shows a run with its tools and its answer while the agent works", async () => {
    await page.getByRole("button", { name: /How many files mention/ }).click();
    await untilFinished(1);
    expect(await page.locator(".tools li").count()).toBeGreaterThan(0);
    expect(await page.locator(".run").innerText()).toMatch(/\d+ files/);
  }, 60_000);

  it("P2 keeps the answer whole while the page moves to the other gateway", async () => {
    const before = await text("gateway");
    await page
      .getByRole("button", { name: /What does it say about/ })
      .first()
      .click();
    await eventually(async () => (await page.locator(".run").count()) === 2);
    await page.getByRole("button", { name: "Move to the other gateway" }).click();
    await eventually(async () => !["none", before].includes(await text("gateway")));
    await untilLive();
    await untilFinished(2);
  }, 60_000);

  it("P2 P3 lists what waited at the doorstep, in order, once", async () => {
    await page.getByRole("button", { name: "Leave, let the agent work" }).click();
    await eventually(async () => (await text("away")).includes("It was done after"), { timeoutMs: RUN_MS });
    await page.getByRole("button", { name: "Come back" }).click();
    await untilFinished(3);
    const offsets = await page.locator('[data-testid="waited"] li .quiet').allInnerTexts();
    expect(offsets.length).toBeGreaterThan(5);
    expect(new Set(offsets).size).toBe(offsets.length);
    const numbers = offsets.map((offset) => offset.split("-").map(Number));
    const sorted = numbers.toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
    expect(numbers).toEqual(sorted);
    await mkdir(`${ROOT}reports`, { recursive: true });
    await page.screenshot({ path: `${ROOT}${SCREENSHOT}` });
  }, 90_000);

  it("P3 has everything when the tab is closed while the agent works, and opened again", async () => {
    await page.getByRole("button", { name: /How many files mention/ }).click();
    await eventually(async () => (await page.locator(".run").count()) === 4);
    await page.close();
    page = await context.newPage();
    page.on("pageerror", (error) => pageErrors.push(error.message));
    await page.goto(url);
    await untilLive();
    await untilFinished(4);
  }, 90_000);

  it("fits a phone, light and dark, and threw no error", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 360, height: 740 });
      const overflow = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      expect(overflow).toBeLessThanOrEqual(0);
    }
    expect(pageErrors).toEqual([]);
  });
});
