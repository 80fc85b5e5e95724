/**
 * The writer of one message: text in, `message_started`, deltas and `message_completed` out.
 *
 * `write()` never waits for Redis. The first delta goes out at once; then at most one per window, earlier when
 * `maxChars` wait, never a second one while one is in flight, so that a slow Redis gets larger deltas and not more of
 * them. Any other event of the run takes the waiting text with it first. `textOffset` counts UTF-16 units.
 *
 * `message_completed` carries the whole text and has to fit one event: `write()` throws TOO_LARGE before it would not.
 */
import { DoorstepError, type EncodedEvent, LIMITS, utf8Length } from "@doorstep/protocol";
import type { CoalesceOptions } from "./option.ts";
import type { RunChannel } from "./run-channel.ts";

/** Room for a finish reason in the size of the completed message, in bytes. */
const FINISH_REASON_BYTES = 64;

export interface MessageOptions {
  /** @default a new UUID */
  messageId?: string;
  parentMessageId?: string;
}

/** What a writer needs besides the channel. */
export interface WriterSettings {
  readonly coalesce: CoalesceOptions;
  readonly maxPayloadBytes: number | undefined;
}

export class TextWriter {
  readonly messageId: string;
  readonly #channel: RunChannel;
  readonly #coalesce: CoalesceOptions;
  readonly #leave: () => void;
  #text = "";
  #sentLength = 0;
  /** Bytes that the completed message may still take. */
  #leftBytes: number;
  #lastSentAtMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #inFlight: Promise<unknown> | undefined;
  #isOpen = true;

  constructor(channel: RunChannel, settings: WriterSettings, messageId: string, parentMessageId: string | undefined) {
    this.messageId = messageId;
    this.#channel = channel;
    this.#coalesce = settings.coalesce;
    const empty = channel.encode("message_completed", { messageId, content: "", finishReason: "" });
    const limitBytes = settings.maxPayloadBytes ?? LIMITS.payloadBytes;
    this.#leftBytes = limitBytes - utf8Length(empty.body) - FINISH_REASON_BYTES;
    void channel.emit("message_started", { messageId, role: "assistant", parentMessageId });
    this.#leave = channel.addPendingText(() => this.#take());
  }

  /** UTF-16 units written so far. */
  get length(): number {
    return this.#text.length;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Adds text; never waits. False means that Redis is slower than this writer: await `ready()` before the next one.
   * Throws RUN_ENDED, INVALID_EVENT after `end()` or `discard()`, and TOO_LARGE.
   */
  write(delta: string): boolean {
    this.#channel.assertOpen();
    if (!this.#isOpen) throw new DoorstepError("INVALID_EVENT", `message ${this.messageId} has ended`);
    const bytes = utf8Length(JSON.stringify(delta)) - 2;
    if (bytes > this.#leftBytes) {
      throw new DoorstepError("TOO_LARGE", `message ${this.messageId}: end it and start another one`);
    }
    this.#leftBytes -= bytes;
    this.#text += delta;
    this.#schedule();
    return !this.#isBehind;
  }

  /** Waits until `write()` would answer true. */
  async ready(): Promise<void> {
    while (this.#isBehind && this.#isOpen) {
      if (this.#channel.isFull) await this.#channel.roomAgain();
      // The rejection is the channel's business; here only the end of the append matters.
      else await this.#inFlight?.catch(() => undefined);
    }
  }

  /** Completes the message; settles once that is logged. A second call does nothing. */
  end(options: { finishReason?: string } = {}): Promise<void> {
    if (!this.#isOpen) return Promise.resolve();
    const sent = this.#channel.send(this.complete(options.finishReason));
    return withoutUnhandled(sent);
  }

  /** Takes the message back: readers drop what they have of it. Settles once that is logged. */
  discard(reason: "retry" | "edited" | "moderated" = "retry"): Promise<void> {
    if (!this.#isOpen) return Promise.resolve();
    this.#close();
    return withoutUnhandled(this.#channel.emit("message_discarded", { messageId: this.messageId, reason }));
  }

  /** Closes the writer and answers its last event, with the whole text; the deltas still waiting are not needed. */
  complete(finishReason: string | undefined): EncodedEvent {
    const { messageId } = this;
    const event = this.#channel.encode("message_completed", { messageId, content: this.#text, finishReason });
    this.#close();
    return event;
  }

  #close(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#leave();
  }

  /** Whether text waits that the last delta in flight, or a full outbox, holds up. */
  get #isBehind(): boolean {
    const waiting = this.#text.length - this.#sentLength;
    return (
      waiting > 0 && (this.#channel.isFull || (this.#inFlight !== undefined && waiting >= this.#coalesce.maxChars))
    );
  }

  /** Sends what waits now, or when its window ends, or when the delta in flight has settled. */
  #schedule(): void {
    const waiting = this.#text.length - this.#sentLength;
    if (waiting === 0 || !this.#isOpen || this.#inFlight !== undefined) return;
    const { windowMs, maxChars } = this.#coalesce;
    const leftMs = this.#lastSentAtMs + windowMs - performance.now();
    if (!this.#channel.isFull && (leftMs <= 0 || waiting >= maxChars)) return this.#send();
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#schedule();
      },
      Math.max(leftMs, 1),
    ).unref();
  }

  #send(): void {
    const event = this.#take();
    if (event === undefined) return;
    const settle = () => {
      this.#inFlight = undefined;
      this.#schedule();
    };
    this.#inFlight = this.#channel.sendText(event);
    this.#inFlight.then(settle, settle);
  }

  /** The waiting text as a delta. */
  #take(): EncodedEvent | undefined {
    const textOffset = this.#sentLength;
    const delta = this.#text.slice(textOffset);
    if (delta === "") return undefined;
    this.#sentLength = this.#text.length;
    this.#lastSentAtMs = performance.now();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#channel.encode("message_delta", { messageId: this.messageId, delta, textOffset });
  }
}

/** A caller may leave the promise alone: the run fails with what failed here. */
function withoutUnhandled(sent: Promise<unknown>): Promise<void> {
  const done = sent.then(() => undefined);
  done.catch(() => undefined);
  return done;
}
