/** What the HTTP API takes: shapes here, meaning (ids, sizes, types) in the protocol's `encodeEvent`. */
import { z } from "zod";
import { LIMITS } from "@doorstep/protocol";

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
