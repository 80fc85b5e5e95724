/**
 * Admission: in which order, and how fast, handshakes come in when many come at once (a reconnect storm).
 *
 * A handshake costs about a hundred times what a live event does. So a turn of the event loop takes a few only; the others
 * wait in the order they came, with nothing but their TCP connection open. What a turn does besides makes it longer, so
 * live events slow the storm down and not the other way round. Nobody is admitted while the event loop is late or the hub
 * has enough to do for those it admitted. Who would wait too long, or finds too many waiting, is refused with OVERLOADED.
 *
 * Only the hub's own work is counted, never what a client has to do next: clients that begin and stop hold no place.
 */
import type { IncomingMessage } from "node:http";

export interface AdmissionOptions {
  /** Longest wait, in milliseconds; with 0 nobody waits. */
  readonly waitMs: number;
  /** Whether nobody is to be admitted now. */
  readonly isBusy: () => boolean;
}

/** Whether a handshake may go on. */
export type Verdict = (isAdmitted: boolean) => void;

/** Admitted in one turn of the event loop: some 5 ms of work. */
const MOST_PER_TURN = 8;
/** Each has a TCP connection and the head of a request, some 10 KB. */
const MOST_WAITING = 8_192;
const LOOK_AGAIN_MS = 10;

interface Waiting {
  readonly request: IncomingMessage;
  readonly verdict: Verdict;
  readonly sinceMs: number;
  readonly onClose: () => void;
}

export class Admission {
  readonly #options: AdmissionOptions;
  /** In the order they came. */
  readonly #waiting = new Set<Waiting>();
  #thisTurn = 0;
  #isScheduled = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Decides on a handshake, at once or later; never where its client left meanwhile. */
  request(request: IncomingMessage, verdict: Verdict): void {
    const { isBusy, waitMs } = this.#options;
    const isTurn = this.#waiting.size === 0 && this.#thisTurn < MOST_PER_TURN;
    if ((isTurn || waitMs === 0) && !isBusy()) this.#admit(verdict);
    else if (waitMs === 0 || this.#waiting.size >= MOST_WAITING) verdict(false);
    else this.#wait(request, verdict);
  }

  #admit(verdict: Verdict): void {
    this.#thisTurn += 1;
    this.#schedule();
    verdict(true);
  }

  #wait(request: IncomingMessage, verdict: Verdict): void {
    const onClose = (): void => void this.#waiting.delete(waiting);
    const waiting: Waiting = { request, verdict, sinceMs: performance.now(), onClose };
    this.#waiting.add(waiting);
    // Nobody else listens between the upgrade's head and its answer, and an error nobody hears ends the process.
    request.socket.on("error", ignore).on("close", onClose);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (this.#waiting.size > 0 && this.#options.isBusy()) setTimeout(this.#turn, LOOK_AGAIN_MS);
    else setImmediate(this.#turn);
  }

  /** Begins a turn of the event loop. */
  readonly #turn = (): void => {
    this.#isScheduled = false;
    this.#thisTurn = 0;
    const overdueMs = performance.now() - this.#options.waitMs;
    for (const waiting of this.#waiting) {
      const isOverdue = waiting.sinceMs < overdueMs;
      if (!isOverdue && (this.#thisTurn >= MOST_PER_TURN || this.#options.isBusy())) break;
      this.#waiting.delete(waiting);
      waiting.request.socket.off("error", ignore).off("close", waiting.onClose);
      if (isOverdue) waiting.verdict(false);
      else this.#admit(waiting.verdict);
    }
    if (this.#waiting.size > 0) this.#schedule();
  };
}

function ignore(): void {
  // The connection's end says all.
}
