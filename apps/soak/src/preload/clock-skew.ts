/** Preload: the clock of this program goes `ms` milliseconds ahead, or behind where that is negative. Timers keep their pace. */

const skewMs = Number(new URL(import.meta.url).searchParams.get("ms"));
const TrueDate = Date;
const now = (): number => TrueDate.now() + skewMs;

globalThis.Date = new Proxy(TrueDate, {
  apply: () => new TrueDate(now()).toString(),
  construct: (target, args: unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
  get: (target, key) => (key === "now" ? now : (Reflect.get(target, key) as unknown)),
});
