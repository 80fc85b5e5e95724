import { describe, expect, it } from "@jest/globals";

import { formatParcel, type ParcelEntry, parseCustodyEntry } from "../src/custody-entry.ts";

const PARCEL: ParcelEntry = {
  kind: "parcel",
  from: "0-0",
  to: "1700000000000-3",
  jobId: "uada.0-0.1700000000000-3",
  count: 4,
  bytes: 400,
  totalCount: 14,
  totalBytes: 1_400,
};

describe("parseCustodyEntry", () => {
  it("reads back what formatParcel wrote", () => {
    expect(parseCustodyEntry(formatParcel(PARCEL))).toEqual(PARCEL);
  });

  it("reads a tombstone", () => {
    expect(parseCustodyEntry("t 1-0 2-0 expired 5 500 14 1400")).toEqual({
      kind: "tombstone",
      from: "1-0",
      to: "2-0",
      reason: "expired",
      count: 5,
    });
  });

  it("leaves alone what it does not know: kinds and reasons of a newer version, and halves", () => {
    const unknown = ["", "p", "p 1-0 2-0 job", "x 1-0 2-0 expired 5", "t 1-0 2-0 eaten 5 500 14 1400", "t 1-0 2-0"];
    for (const text of unknown) expect(parseCustodyEntry(text)).toBeUndefined();
  });
});
