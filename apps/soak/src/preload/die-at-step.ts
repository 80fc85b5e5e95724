/**
 * Preload: from SIGUSR2 on, the `nth` call of a method of the store kills this program, by SIGKILL, before it is made or after
 * Redis answered it (`when`). Between such calls lie the steps of custody: what BullMQ was told stands before the next call.
 * With `having` only those calls count whose answer, or one of whose answers, has something in the list of that name.
 *
 * The class is taken out of the built store, whose modules are those that the program loads.
 */

type Method = (this: unknown, ...args: unknown[]) => Promise<unknown>;

const { searchParams } = new URL(import.meta.url);
const setting = (name: string): string => searchParams.get(name) ?? "";
const method = setting("method");
const having = setting("having");
let left = Infinity;

const built = new URL(`../../../../packages/store/dist/${setting("module")}.js`, import.meta.url);
const classes = (await import(built.href)) as Record<string, { prototype: Record<string, Method> } | undefined>;
const prototype = classes[setting("class")]?.prototype;
const original = prototype?.[method];
if (prototype === undefined || original === undefined) throw new Error(`the store has no method ${method}`);

prototype[method] = async function (...args) {
  if (setting("when") === "before") count();
  const reply = await original.apply(this, args);
  if (setting("when") === "after" && (having === "" || hasSome(reply, having))) count();
  return reply;
};

process.on("SIGUSR2", () => (left = Number(setting("nth"))));

function count(): void {
  left -= 1;
  if (left === 0) process.kill(process.pid, "SIGKILL");
}

function hasSome(reply: unknown, name: string): boolean {
  if (Array.isArray(reply)) return reply.some((one) => hasSome(one, name));
  const list = (reply as Record<string, unknown>)[name];
  return Array.isArray(list) && list.length > 0;
}
