/** Pages of catch-up as a client would see them. */
import type { Gap, Offset } from "@doorstep/protocol";
import type { CatchUpPage } from "../../src/delivery/catch-up.ts";

/** An event of such a page, as far as tests look at it. */
export interface SeenEvent {
  offset: Offset;
  collapseKey?: string;
  data: { text: string };
}

/** What a page brings, in order: an event is its offset, a gap itself. */
export function seen(page: CatchUpPage): (Offset | Gap)[] {
  return page.items.flatMap((item): (Offset | Gap)[] =>
    item.kind === "gap" ? [item.gap] : eventsOf(item.chunks).map(({ offset }) => offset),
  );
}

/** Parses chunks of a page. */
export function eventsOf(chunks: readonly Buffer[]): SeenEvent[] {
  return JSON.parse(`[${chunks.map(String).join(",")}]`) as SeenEvent[];
}
