/** A store and a mailbox on a real Redis, short ways to publish and to take into custody, and an end to all of it. */
import { openCourierMailbox, openMailbox, type Mailbox } from "@doorstep/mailbox";
import { type DeliveryClass, encodeEvent, type Offset } from "@doorstep/protocol";
import { connectStore, type ParcelEntry, type Store, type StoreLimits } from "@doorstep/store";
import type { CleanUp } from "@doorstep/testkit";

/** One event to publish: durable, and with a text that tells it from others. */
export interface Draft {
  readonly text?: string;
  readonly delivery?: DeliveryClass;
  readonly collapseKey?: string;
}

export interface TestStore {
  readonly store: Store;
  readonly mailbox: Mailbox;
  /** Publishes events of one user in one call and returns their offsets; a number is so many plain ones. */
  publish(userId: string, drafts: number | readonly Draft[]): Promise<Offset[]>;
  /** Lets a courier take what waits into parcels, and lists the user's. */
  hold(userId: string): Promise<ParcelEntry[]>;
  /** Expires a parcel, as a courier does when its time has come. */
  expire(userId: string, parcel: ParcelEntry, offsets: readonly Offset[]): Promise<void>;
}

let lastId = 0;

/** Opens store and mailbox. */
export async function openTestStore(
  cleanUp: CleanUp,
  url: string,
  limits: Partial<StoreLimits> = {},
): Promise<TestStore> {
  const store = await connectStore({ redis: url, limits });
  cleanUp.add(() => store.close());
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const mailbox = await openMailbox({ store, onError });
  cleanUp.add(() => mailbox.close());
  return {
    store,
    mailbox,
    publish: async (userId, drafts) => {
      const given = typeof drafts === "number" ? Array.from({ length: drafts }, (): Draft => ({})) : drafts;
      const events = given.map(({ text = `event ${++lastId}`, delivery = "durable", collapseKey }) =>
        encodeEvent({ type: "note", data: { text }, delivery, collapseKey }, () => `id-${++lastId}`, Date.now()),
      );
      return (await store.log.append(userId, events)).map(({ offset }) => offset ?? "ephemeral");
    },
    hold: async (userId) => {
      const keys = store.log.keysOf(userId);
      const courier = await openCourierMailbox({
        store,
        graceMs: 0,
        pingIntervalMs: 0,
        liveHoldMs: 0,
        stalledIntervalMs: 30_000,
        onStored: () => undefined,
        onExpired: () => undefined,
        onError,
      });
      await courier.sweep([keys.partition], new AbortController().signal);
      await courier.close();
      const { custody } = await store.log.read(keys, "0-0", 1, 1);
      return custody.filter((entry) => entry.kind === "parcel");
    },
    expire: async (userId, parcel, offsets) => {
      await store.custody.expire(store.log.keysOf(userId), parcel, "expired", offsets);
    },
  };
}
