import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { type ConnectionInput, type ConnectionStatus, INPUTS, nextStatus, STATUSES } from "../src/connection-state.ts";

/** Every transition that leaves its status; whatever is not listed stays. */
const MOVES: Record<ConnectionStatus, Partial<Record<ConnectionInput, ConnectionStatus>>> = {
  idle: { connect: "connecting", close: "closed" },
  connecting: {
    disconnect: "idle",
    close: "closed",
    opened: "catching_up",
    lost: "reconnecting",
    refused: "unauthorized",
    expelled: "closed",
    networkDown: "offline",
  },
  catching_up: {
    disconnect: "idle",
    close: "closed",
    ready: "live",
    lost: "reconnecting",
    refused: "unauthorized",
    expelled: "closed",
  },
  live: {
    disconnect: "idle",
    close: "closed",
    lost: "reconnecting",
    refused: "unauthorized",
    expelled: "closed",
  },
  reconnecting: {
    disconnect: "idle",
    close: "closed",
    opened: "catching_up",
    refused: "unauthorized",
    expelled: "closed",
    networkDown: "offline",
  },
  offline: {
    disconnect: "idle",
    close: "closed",
    opened: "catching_up",
    refused: "unauthorized",
    expelled: "closed",
    networkUp: "reconnecting",
  },
  unauthorized: {
    connect: "connecting",
    disconnect: "idle",
    close: "closed",
    opened: "catching_up",
    lost: "reconnecting",
    expelled: "closed",
  },
  closed: { connect: "connecting" },
};

describe("nextStatus", () => {
  it.each(STATUSES.flatMap((status) => INPUTS.map((input) => [status, input] as const)))(
    "follows the table from %s on %s",
    (status, input) => {
      expect(nextStatus(status, input)).toBe(MOVES[status][input] ?? status);
    },
  );

  it("is live only by a ready while catching up", () => {
    const ways = STATUSES.flatMap((status) =>
      INPUTS.filter((input) => status !== "live" && nextStatus(status, input) === "live").map((input) => [
        status,
        input,
      ]),
    );
    expect(ways).toEqual([["catching_up", "ready"]]);
  });

  it("stays at rest after disconnect and close until connect, whatever the network and old sockets do", () => {
    const noise = fc.array(fc.constantFrom(...INPUTS.filter((input) => input !== "connect" && input !== "close")));
    fc.assert(
      fc.property(
        fc.constantFrom(...STATUSES),
        fc.constantFrom("disconnect", "close"),
        noise,
        (from, input, inputs) => {
          const rest = nextStatus(from, input);
          expect(["idle", "closed"]).toContain(rest);
          expect(inputs.reduce(nextStatus, rest)).toBe(rest);
        },
      ),
    );
  });

  it("reaches live from every status by connect, opened and ready", () => {
    const way: readonly ConnectionInput[] = ["connect", "opened", "ready"];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...INPUTS)), (inputs) => {
        const status = inputs.reduce<ConnectionStatus>(nextStatus, "idle");
        expect(way.reduce(nextStatus, status)).toBe("live");
      }),
    );
  });
});
