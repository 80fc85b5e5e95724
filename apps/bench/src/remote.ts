/**
 * A process of the benchmark that is told what to do: publisher and clients. Each is one, so that nobody else's work is
 * taken for the hub's.
 *
 * Both sides share an interface of actions. The parent calls one and waits for its answer, over Node's own channel between
 * parent and child; several may run at a time. A process ends when its parent closes the channel or dies.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type CleanUp, programPath } from "@doorstep/testkit";

type Order<F> = F extends (...args: infer P) => unknown ? P : never;
type Answer<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

/** A process and its actions. */
export interface Remote<A> {
  readonly pid: number;
  /** Runs an action there; rejects with what it threw, or when the process ends before. */
  call<K extends keyof A & string>(action: K, ...args: Order<A[K]>): Promise<Answer<A[K]>>;
}

interface Call {
  readonly id: number;
  readonly action: string;
  readonly args: readonly unknown[];
}

interface Reply {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

const END_GRACE_MS = 5_000;

/** Starts a built script of the benchmark, such as "client/main.js"; it ends with `cleanUp`. */
export async function startRemote<A>(script: string, cleanUp: CleanUp): Promise<Remote<A>> {
  const child = fork(programPath("bench", script), [], { env: { NODE_ENV: "production" }, execArgv: [] });
  await once(child, "spawn");
  cleanUp.add(() => end(child));
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  child.on("message", ({ id, answer, error }: Reply) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(answer as never);
    else call?.reject(new Error(`${script}: ${error}`));
  });
  child.once("exit", (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`${script} ended with ${signal ?? String(code)}`));
    waiting.clear();
  });
  return {
    pid: Number(child.pid),
    call: (action, ...args) =>
      new Promise((resolve, reject) => {
        const id = calls++;
        waiting.set(id, { resolve, reject });
        child.send({ id, action, args } satisfies Call, (error) => {
          if (error === null) return;
          waiting.delete(id);
          reject(error);
        });
      }),
  };
}

/** The other side: answers calls until the parent is gone. */
export function serveRemote<A extends object>(actions: A): void {
  process.on("message", ({ id, action, args }: Call) => {
    const run = async (): Promise<unknown> =>
      (actions as Record<string, (...args: readonly unknown[]) => unknown>)[action]?.(...args);
    run().then(
      (answer) => process.send?.({ id, answer } satisfies Reply),
      (error: unknown) => process.send?.({ id, error: String(error) } satisfies Reply),
    );
  });
  process.once("disconnect", () => process.exit());
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  const insist = setTimeout(() => child.kill("SIGKILL"), END_GRACE_MS);
  child.disconnect();
  await exited;
  clearTimeout(insist);
}
