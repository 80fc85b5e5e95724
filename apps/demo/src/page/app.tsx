/** The page: ask, watch, move, leave and come back. */
import type { Session } from "./api.ts";
import { AskBox } from "./ask-box.tsx";
import { ConnectionBadge, ConnectionCard } from "./connection-card.tsx";
import { DoorstepCard } from "./doorstep-card.tsx";
import type { RunBook } from "./run-book.ts";
import { RunCard } from "./run-card.tsx";
import { useStore } from "./store.ts";
import type { Visit } from "./visit.ts";

export function App({ session, book, visit }: { session: Session; book: RunBook; visit: Visit }) {
  const state = useStore(visit.state);
  const runs = useStore(book.runs);
  return (
    <>
      <header className="top">
        <div>
          <h1>Doorstep</h1>
          <p className="quiet">An agent at work, delivered to wherever you are.</p>
        </div>
        <ConnectionBadge state={state} />
      </header>
      <main>
        <div className="column">
          <AskBox session={session} isHere={state.absence === undefined} />
          <section aria-labelledby="runs-title">
            <h2 id="runs-title" className="visually-hidden">
              Answers
            </h2>
            {runs.length === 0 && <p className="quiet empty">Answers appear here, and in every other tab of yours.</p>}
            {runs.map((run) => (
              <RunCard key={run.runId} run={run} />
            ))}
          </section>
        </div>
        <aside className="column" aria-label="Connection">
          <DoorstepCard visit={visit} state={state} session={session} />
          <ConnectionCard visit={visit} state={state} gateways={session.gateways} />
        </aside>
      </main>
    </>
  );
}
