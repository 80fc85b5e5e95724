/** An answer as it grows. Everything is rendered as text; nothing in it can become markup. */
import { parseAnswer, type AnswerPart } from "./answer-block.ts";

export function AnswerText({ text, isDone }: { text: string; isDone: boolean }) {
  return (
    <div className="answer" aria-live="polite" aria-busy={!isDone}>
      {parseAnswer(text).map((block, index) => {
        const Tag = block.kind === "quote" ? "blockquote" : "p";
        return (
          // Blocks only ever grow at the end: their place is their identity.
          // oxlint-disable-next-line react/no-array-index-key
          <Tag key={index}>
            {block.parts.map((part, at) => (
              // oxlint-disable-next-line react/no-array-index-key -- as above
              <Part key={at} {...part} />
            ))}
          </Tag>
        );
      })}
      {isDone ? null : <span className="caret" aria-hidden="true" />}
    </div>
  );
}

function Part({ kind, text }: AnswerPart) {
  if (kind === "text") return text;
  return <code className={kind}>{text}</code>;
}
