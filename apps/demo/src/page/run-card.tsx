/** One run: the question, the steps, the tools with their durations, the answer as it streams. */
import type { RunView, StepView, ToolView } from "@doorstep/client";
import { memo } from "react";
import { AnswerText } from "./answer-text.tsx";
import { isRunning } from "./run-book.ts";
import { durationText, inputText, outputText, RUN_TONES } from "./words.ts";

export const RunCard = memo(function RunCard({ run }: { run: RunView }) {
  const titleId = `run-${run.runId}`;
  return (
    <article className="card run" aria-labelledby={titleId}>
      <header>
        <h3 id={titleId}>{run.title ?? "A question asked elsewhere"}</h3>
        <output className="pill" data-tone={RUN_TONES[run.status]}>
          {run.status}
        </output>
      </header>
      {run.reasoning.map((thought) => (
        <p key={thought.messageId} className="thought">
          {thought.text}
        </p>
      ))}
      {run.steps.length > 0 && (
        <ol className="steps" aria-label="Steps">
          {run.steps.map((step) => (
            <Step key={step.stepId} step={step} />
          ))}
        </ol>
      )}
      {run.tools.length > 0 && (
        <details className="tools" open={isRunning(run) || run.tools.length <= 3}>
          <summary>{run.tools.length === 1 ? "1 tool call" : `${run.tools.length} tool calls`}</summary>
          <ul>
            {run.tools.map((tool) => (
              <Tool key={tool.toolCallId} tool={tool} />
            ))}
          </ul>
        </details>
      )}
      {run.messages.map((message) => (
        <AnswerText key={message.messageId} text={message.text} isDone={message.done} />
      ))}
      {run.error !== undefined && <p className="problem">{run.error.message}</p>}
    </article>
  );
});

function Step({ step }: { step: StepView }) {
  return (
    <li data-status={step.status}>
      {step.stepName} <span className="quiet">{durationText(step.durationMs)}</span>
      <span className="visually-hidden"> ({step.status})</span>
    </li>
  );
}

function Tool({ tool }: { tool: ToolView }) {
  return (
    <li data-status={tool.status}>
      <span className="tool-name">{tool.toolName}</span>
      <span className="tool-input">{inputText(tool)}</span>
      <span className="tool-output">{outputText(tool)}</span>
      <span className="quiet tool-duration">
        {tool.status === "executing" ? "running" : durationText(tool.durationMs)}
        <span className="visually-hidden"> ({tool.status})</span>
      </span>
    </li>
  );
}
