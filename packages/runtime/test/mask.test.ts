import { describe, expect, it } from "@jest/globals";

import { maskUrls, maskValue } from "../src/mask.ts";

describe("maskUrls", () => {
  it.each([
    ["redis://user:hunter2@host:6379/0", "redis://user:***@host:6379/0"],
    ["redis://:hunter2@host", "redis://:***@host"],
    ["https://hunter2@host/x", "https://***@host/x"],
    ["redis+sentinel://u:hunter2@a:1,b:2/name", "redis+sentinel://u:***@a:1,b:2/name"],
    ["redis://u:hunt@er/2@host", "redis://u:***@host"],
    ["redis://host?password=hunter2&db=1", "redis://host?password=***&db=1"],
    ["https://host/hook?id=1&access_token=hunter2", "https://host/hook?id=1&access_token=***"],
    ["cannot reach redis://u:hunter2@host, retrying", "cannot reach redis://u:***@host, retrying"],
  ])("masks the credentials of %s", (input, output) => {
    expect(maskUrls(input)).toBe(output);
  });

  it.each(["redis://127.0.0.1:6379", "http://a:1,http://b:2", "mail to ann@example.org", "plain"])(
    "keeps %s",
    (input) => {
      expect(maskUrls(input)).toBe(input);
    },
  );
});

describe("maskValue", () => {
  it.each([
    ["user:hunter2@host:6379", "***@host:6379"],
    ["redis://u:hun ter2@host", "***@host"],
    ["redis://u:hunter2@host", "redis://u:***@host"],
    ["8080", "8080"],
  ])("masks %s also where the URL is broken", (input, output) => {
    expect(maskValue(input)).toBe(output);
  });
});
