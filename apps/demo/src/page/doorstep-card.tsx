/** Leaving while the agent works, and what waited at the doorstep on return. */
import { useEffect, useState } from "react";
import type { Session } from "./api.ts";
import type { Absence, Visit, VisitState } from "./visit.ts";
import { durationText, eventText } from "./words.ts";

const MAX_LISTED = 200;

export function DoorstepCard({ visit, state, session }: { visit: Visit; state: VisitState; session: Session }) {
  // The first example is what most people have just asked.
  const [turn, setTurn] = useState(1);
  const question = session.questions[turn % Math.max(1, session.questions.length)] ?? "What is this about?";
  const { absence, waited, connection } = state;
  const leave = () => {
    setTurn(turn + 1);
    void visit.leave(question);
  };
  return (
    <section className="card" aria-labelledby="doorstep-title">
      <h2 id="doorstep-title">The doorstep</h2>
      {absence === undefined ? (
        <>
          <p>
            Leave while the agent works on <q>{question}</q> and see what waits when you come back. Closing this tab
            does the same.
          </p>
          <button type="button" onClick={leave} disabled={connection.status !== "live"}>
            Leave, let the agent work
          </button>
        </>
      ) : (
        <Away absence={absence} graceMs={session.graceMs} onReturn={() => visit.comeBack()} />
      )}
      {absence === undefined && waited.length > 0 && <Waited state={state} />}
    </section>
  );
}

function Away({ absence, graceMs, onReturn }: { absence: Absence; graceMs: number; onReturn: () => void }) {
  const elapsedMs = useElapsed(absence.sinceMs);
  return (
    <div data-testid="away">
      <p>
        You left <strong>{Math.floor(elapsedMs / 1_000)} s</strong> ago. No gateway holds a socket of yours.
      </p>
      <ol className="story" aria-live="polite">
        <li>
          The agent got a question: <q>{absence.question}</q>
        </li>
        {absence.agentDoneMs === undefined ? (
          <li>It works. Each event goes to your log in Redis; nothing is delivered.</li>
        ) : (
          <li>It was done after {durationText(absence.agentDoneMs)}. Its events lie in your log, unacknowledged.</li>
        )}
        <li>
          {elapsedMs < graceMs
            ? `When nobody has acknowledged them for ${durationText(graceMs)}, the courier takes them into custody.`
            : `The ${durationText(graceMs)} of grace are over: at its next sweep the courier puts them into parcels, BullMQ jobs that outlive every process here.`}
        </li>
        {absence.problem !== undefined && <li className="problem">{absence.problem}</li>}
      </ol>
      <button type="button" className="primary" onClick={onReturn}>
        Come back
      </button>
    </div>
  );
}

function Waited({ state }: { state: VisitState }) {
  const { waited, connection } = state;
  const shown = waited.slice(-MAX_LISTED);
  const events = waited.length === 1 ? "1 event" : `${waited.length} events`;
  return (
    <div className="waited" data-testid="waited">
      <output>
        <strong>{events}</strong> waited at the doorstep
        {connection.status === "live" ? ", in order, each once." : " and are arriving."}
      </output>
      {/* Scrolls by keyboard too. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <ol start={waited.length - shown.length + 1} tabIndex={0} aria-label="Events that waited">
        {shown.map((event) => (
          <li key={event.id}>
            <code>{event.type}</code> <span>{eventText(event)}</span> <span className="quiet">{event.offset}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function useElapsed(sinceMs: number): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, nowMs - sinceMs);
}
