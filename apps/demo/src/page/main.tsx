/** The page begins: who am I, what do I have, connect. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { fetchSession } from "./api.ts";
import { App } from "./app.tsx";
import "./page.css";
import { RunBook } from "./run-book.ts";
import { Visit } from "./visit.ts";

const root = createRoot(document.querySelector("#root") ?? document.body);
try {
  const session = await fetchSession();
  const book = new RunBook(localStorage, session.userId, reportError);
  const visit = new Visit(session, book);
  addEventListener("pagehide", () => book.save());
  visit.connect();
  root.render(
    <StrictMode>
      <App session={session} book={book} visit={visit} />
    </StrictMode>,
  );
} catch (error) {
  root.render(
    <p className="problem" role="alert">
      The demo server cannot be reached: {error instanceof Error ? error.message : String(error)}. Reload to try again.
    </p>,
  );
}
