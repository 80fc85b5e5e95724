/** Limits that belong to the protocol itself; every publisher and gateway has the same. */
export const LIMITS = {
  /** Longest user id, in bytes of UTF-8. */
  userIdBytes: 512,
  /** Longest event body, in bytes of UTF-8, unless a program is configured otherwise. */
  payloadBytes: 65_536,
  /** Deepest nesting of a body; what recursive code in a browser still takes. */
  bodyDepth: 64,
  /** Events of one append or batch. */
  batchEvents: 1_000,
  /** Longest `expiresInMs`: 90 days. */
  expiresInMs: 90 * 24 * 3_600_000,
  /** Longest endpoint of a Web Push subscription, in characters. */
  endpointLength: 2_048,
} as const;

/** Event types: letters, digits and `_ . : / -`, up to 128. */
export const TYPE_PATTERN = /^[A-Za-z0-9_.:/-]{1,128}$/;

/** Ids that go into keys, logs and JSON as they are: event, run, thread and client ids, collapse keys. */
export const ID_PATTERN = /^[A-Za-z0-9._:@/+=~-]{1,128}$/;
