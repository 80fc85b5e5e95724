import { afterEach, describe, expect, it } from "@jest/globals";

import { findChromium, launchBrowser } from "../src/browser.ts";
import { createCleanUp } from "../src/clean-up.ts";
import { createFolder, writeScript } from "./support/folder.ts";

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

describe("findChromium", () => {
  it("takes what CHROMIUM_BIN names, else what PATH has", async () => {
    const folder = await createFolder(cleanUp);
    const onPath = await writeScript(folder, "google-chrome", "exit 0");
    const chosen = await writeScript(folder, "mine", "exit 0");
    await expect(findChromium({ env: { PATH: folder } })).resolves.toBe(onPath);
    await expect(findChromium({ env: { PATH: folder, CHROMIUM_BIN: chosen } })).resolves.toBe(chosen);
    await expect(findChromium({ env: { PATH: folder, CHROMIUM_BIN: "/nowhere" } })).rejects.toThrow("CHROMIUM_BIN");
  });
});

describe("launchBrowser", () => {
  it("opens a page in a real browser", async () => {
    const browser = await launchBrowser();
    cleanUp.add(() => browser.close());
    const page = await browser.newPage();
    await page.setContent("<p>parcel</p><script>document.title = String(6 * 7)</script>");
    await expect(page.title()).resolves.toBe("42");
  });
});
