/** A publisher that sends an event only once the one before it, of the same user, was answered, whatever the answer. */
import type { Publisher } from "./publisher.ts";

export function inTurn(publisher: Publisher): Publisher {
  const lasts = new Map<string, Promise<unknown>>();
  return {
    publish(userId, body) {
      const last = lasts.get(userId);
      const send = (): Promise<unknown> => Promise.resolve(publisher.publish(userId, body));
      const answer = last === undefined ? send() : last.then(send, send);
      lasts.set(userId, answer);
      return answer;
    },
    close: () => publisher.close(),
  };
}
