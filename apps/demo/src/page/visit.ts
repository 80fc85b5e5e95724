/**
 * A visit: this browser at the hub. It holds the client, moves it between gateways, leaves and comes back, and keeps
 * what waited at the doorstep: the events that a connection brought before it was live.
 *
 * A gateway that does not answer is given up after two tries for the next one; in production a load balancer does that.
 */
import { type ConnectionState, createDoorstepClient, type DoorstepClient, type Gap } from "@doorstep/client";
import type { Envelope } from "@doorstep/protocol";
import { ask, fetchReport, fetchToken, type Session } from "./api.ts";
import type { RunBook } from "./run-book.ts";
import { Store } from "./store.ts";

/** What happened while the visitor was away. */
export interface Absence {
  readonly sinceMs: number;
  readonly question: string;
  /** How long the agent worked, once it is done; undefined while it works. */
  readonly agentDoneMs: number | undefined;
  readonly problem: string | undefined;
}

export interface VisitState {
  readonly connection: ConnectionState;
  readonly gatewayUrl: string;
  /** What the last catch-up brought, in the order of its offsets. */
  readonly waited: readonly Envelope[];
  readonly gaps: readonly Gap[];
  /** Present while the visitor is away. */
  readonly absence: Absence | undefined;
}

const POLL_MS = 500;
const TRIES_PER_GATEWAY = 2;

export class Visit {
  readonly state: Store<VisitState>;
  readonly #session: Session;
  readonly #book: RunBook;
  #client: DoorstepClient;
  #index = 0;

  constructor(session: Session, book: RunBook) {
    this.#session = session;
    this.#book = book;
    this.#client = this.#openClient();
    this.state = new Store({
      connection: this.#client.state,
      gatewayUrl: this.#gatewayUrl,
      waited: [],
      gaps: [],
      absence: undefined,
    });
  }

  get #gatewayUrl(): string {
    return this.#session.gateways[this.#index] ?? location.origin;
  }

  /** Connects, first or again. */
  connect(): void {
    this.#client.connect();
  }

  /** Lets go of the gateway and connects to the next one, from the same offset. */
  async moveOn(): Promise<void> {
    const former = this.#client;
    this.#index = (this.#index + 1) % Math.max(1, this.#session.gateways.length);
    this.#client = this.#openClient();
    this.#update({ gatewayUrl: this.#gatewayUrl });
    await former.close();
    this.#client.connect();
  }

  /** Disconnects and has the agent answer a question meanwhile. */
  async leave(question: string): Promise<void> {
    this.#client.disconnect();
    this.#update({ absence: { sinceMs: Date.now(), question, agentDoneMs: undefined, problem: undefined } });
    try {
      const runId = await ask(question, true);
      for (;;) {
        const report = await fetchReport(runId);
        if (report.status === "ended") return this.#tellOfAbsence({ agentDoneMs: report.durationMs });
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    } catch (error) {
      this.#tellOfAbsence({ problem: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Connects again: what waited arrives first. */
  comeBack(): void {
    this.#update({ absence: undefined });
    this.#client.connect();
  }

  #openClient(): DoorstepClient {
    const client = createDoorstepClient({
      url: this.#gatewayUrl,
      token: fetchToken,
      offsetStore: this.#book.offsetStore,
      onError: reportError,
    });
    client.on("*", (event) => {
      this.#book.apply(event);
      if (event.replayed) this.#update({ waited: [...this.state.get().waited, event] });
    });
    client.onGap((gap) => this.#update({ gaps: [...this.state.get().gaps, gap] }));
    client.onState((connection) => this.#handleState(client, connection));
    return client;
  }

  #handleState(client: DoorstepClient, connection: ConnectionState): void {
    // The last word of a client that was left behind is of no interest.
    if (client !== this.#client) return;
    const before = this.state.get().connection.status;
    const begins = connection.status === "catching_up" && before !== "catching_up";
    this.#update({ connection, ...(begins ? { waited: [], gaps: [] } : {}) });
    const isLost = connection.status === "reconnecting" && connection.attempt >= TRIES_PER_GATEWAY;
    if (isLost && this.#session.gateways.length > 1) void this.moveOn();
  }

  #tellOfAbsence(news: Partial<Absence>): void {
    const { absence } = this.state.get();
    if (absence !== undefined) this.#update({ absence: { ...absence, ...news } });
  }

  #update(change: Partial<VisitState>): void {
    this.state.set({ ...this.state.get(), ...change });
  }
}
