/**
 * What must be undone after a test, in one list.
 *
 *   const cleanUp = createCleanUp();
 *   afterEach(() => cleanUp.run());
 *
 * Whoever starts something adds how to stop it right there. The last started is stopped first, and one that fails does
 * not keep the others running.
 */

/** A list of things to undo. */
export interface CleanUp {
  /** Remembers something to undo. */
  add(undo: () => unknown): void;
  /** Undoes everything, newest first, each once; throws an AggregateError of what failed, after all were tried. */
  run(): Promise<void>;
}

/** Creates an empty list. */
export function createCleanUp(): CleanUp {
  const undos: (() => unknown)[] = [];
  return {
    add(undo) {
      undos.push(undo);
    },
    async run() {
      const errors: unknown[] = [];
      for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
        try {
          await undo();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, `cleaning up failed: ${errors.map(String).join("; ")}`);
    },
  };
}
