/** The box to ask in, with questions that the folder itself suggests. */
import { type FormEvent, useId, useState } from "react";
import { ask, type Session } from "./api.ts";

const MAX_LENGTH = 300;

export function AskBox({ session, isHere }: { session: Session; isHere: boolean }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const id = useId();

  const send = async (question: string) => {
    if (question.trim() === "") return setProblem("Write a question first.");
    setBusy(true);
    setProblem(undefined);
    try {
      await ask(question, false);
      setText("");
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    return setBusy(false);
  };
  const handleSubmit = (event: FormEvent) => {
    event.preventDefault();
    void send(text);
  };

  return (
    <section className="card ask" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>
        Ask about <code>{session.folder}</code>
      </h2>
      <p className="quiet">{session.files.toLocaleString("en")} files of text. The agent searches, reads and quotes.</p>
      <form onSubmit={handleSubmit}>
        <label className="visually-hidden" htmlFor={`${id}-question`}>
          Your question
        </label>
        <input
          id={`${id}-question`}
          name="question"
          value={text}
          maxLength={MAX_LENGTH}
          autoComplete="off"
          placeholder="What do you want to know?"
          aria-describedby={problem === undefined ? undefined : `${id}-problem`}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="primary" disabled={isBusy || !isHere}>
          Ask
        </button>
      </form>
      {problem !== undefined && (
        <p id={`${id}-problem`} className="problem" role="alert">
          {problem}
        </p>
      )}
      <ul className="examples" aria-label="Example questions">
        {session.questions.map((question) => (
          <li key={question}>
            <button type="button" disabled={isBusy || !isHere} onClick={() => void send(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
