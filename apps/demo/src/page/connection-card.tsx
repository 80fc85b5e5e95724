/** Where this browser is connected, and the way to another gateway. */
import type { Visit, VisitState } from "./visit.ts";
import { CONNECTION_WORDS } from "./words.ts";

export function ConnectionBadge({ state }: { state: VisitState }) {
  const { word, tone } = CONNECTION_WORDS[state.connection.status];
  return (
    <output className="pill" data-tone={tone} data-testid="connection">
      {word}
    </output>
  );
}

export function ConnectionCard({ visit, state, gateways }: { visit: Visit; state: VisitState; gateways: string[] }) {
  const { connection, gatewayUrl, gaps, absence } = state;
  const place = gateways.indexOf(gatewayUrl) + 1;
  return (
    <section className="card" aria-labelledby="connection-title">
      <h2 id="connection-title">Your gateway</h2>
      <dl>
        <dt>Gateway</dt>
        <dd data-testid="gateway">{connection.gateway ?? "none"}</dd>
        <dt>Address</dt>
        <dd>
          {gatewayUrl} <span className="quiet">({`${place} of ${gateways.length}`})</span>
        </dd>
        <dt>Offset</dt>
        <dd>
          <code>{connection.offset ?? "none yet"}</code>
        </dd>
      </dl>
      {connection.lastError !== undefined && connection.status !== "live" && (
        <p className="quiet">{connection.lastError.message}</p>
      )}
      {gaps.map((gap) => (
        <p key={gap.from} className="problem">
          Some events are no longer to be had ({gap.reason}
          {gap.count === undefined ? "" : `, ${gap.count}`}).
        </p>
      ))}
      {gateways.length > 1 && (
        <button type="button" disabled={absence !== undefined} onClick={() => void visit.moveOn()}>
          Move to the other gateway
        </button>
      )}
    </section>
  );
}
