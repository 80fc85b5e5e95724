/** What the HTTP API takes: shapes here, meaning (ids, sizes, types) in the protocol's `encodeEvent`. */
import { z } from "zod";
import { DEAD_LETTER_REASONS } from "@doorstep/mailbox";
import { ID_PATTERN, LIMITS } from "@doorstep/protocol";

const eventFields = {
  type: z.string(),
  data: z.unknown(),
  id: z.string().optional(),
  delivery: z.enum(["durable", "stream", "ephemeral"]).optional(),
  expiresInMs: z.number().optional(),
  collapseKey: z.string().optional(),
  source: z.string().optional(),
  subject: z.string().optional(),
  threadId: z.string().optional(),
  runId: z.string().optional(),
  parentRunId: z.string().optional(),
  attempt: z.number().optional(),
  traceparent: z.string().optional(),
};

const durability = z.enum(["logged", "replicated"]).optional();

/** Body of POST /v1/publish: one event for one user, or the same for several. */
export const publishSchema = z
  .strictObject({
    userId: z.string().optional(),
    userIds: z.array(z.string()).min(1).max(LIMITS.batchEvents).optional(),
    durability,
    ...eventFields,
  })
  .refine(({ userId, userIds }) => (userId === undefined) !== (userIds === undefined), {
    message: "either userId or userIds has to be given",
  });

/** Body of POST /v1/publish/batch; durability is that of all its appends. */
export const batchSchema = z.strictObject({
  durability,
  events: z
    .array(z.strictObject({ userId: z.string(), ...eventFields }))
    .min(1)
    .max(LIMITS.batchEvents),
});

export type BatchItem = z.output<typeof batchSchema>["events"][number];

/** Most dead letters of a page. */
const MAX_PAGE = 100;
const PAGE = 50;

const place = z
  .string()
  .regex(/^\d{1,16}$/, "what an answer gave as next")
  .optional();
const deadLetterFilter = { reason: z.enum(DEAD_LETTER_REASONS).optional(), userId: z.string().optional() };

/** Query of GET /v1/dead-letters. */
export const listSchema = z.strictObject({
  ...deadLetterFilter,
  limit: z
    .string()
    .regex(/^\d{1,3}$/, "a whole number")
    .transform(Number)
    .pipe(z.number().min(1).max(MAX_PAGE))
    .default(PAGE),
  after: place,
});

/** Body of POST /v1/dead-letters/purge; by mistake nobody shall purge everything. */
export const purgeSchema = z
  .strictObject({ ...deadLetterFilter, olderThanMs: z.int().min(0).optional(), after: place })
  .refine(({ reason, userId, olderThanMs }) => (reason ?? userId ?? olderThanMs) !== undefined, {
    message: "reason, userId or olderThanMs has to be given; olderThanMs 0 means all",
  });

/** Path of GET /v1/users/:userId/...; the store tells which user ids there are. */
export const userPathSchema = z.strictObject({ userId: z.string() });

/** Path of GET /v1/users/:userId/events/:eventId. */
export const eventPathSchema = userPathSchema.extend({
  eventId: z.string().regex(ID_PATTERN, "1 to 128 of A-Z a-z 0-9 . _ : @ / + = ~ -"),
});

/** Query of GET /v1/users/:userId/events/:eventId. */
export const receiptQuerySchema = z.strictObject({ offset: z.string().optional() });

/** Query of what takes none. */
export const noQuerySchema = z.strictObject({});
