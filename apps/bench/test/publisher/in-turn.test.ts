import { describe, expect, it } from "@jest/globals";
import { createBody } from "../../src/body.ts";
import { inTurn } from "../../src/publisher/in-turn.ts";

describe("publishing in turn", () => {
  it("sends an event once the one before it of its user was answered, also by a refusal", async () => {
    const sent: string[] = [];
    const answers: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
    const publisher = inTurn({
      publish(userId) {
        sent.push(userId);
        return new Promise((resolve, reject) => answers.push({ resolve, reject }));
      },
      close: () => Promise.resolve(),
    });
    const body = createBody(0, 0);
    const first = publisher.publish("ada", body);
    const second = publisher.publish("ada", body);
    const other = publisher.publish("bob", body);
    expect(sent).toEqual(["ada", "bob"]);
    answers[0]?.reject(new Error("refused"));
    await expect(first).rejects.toThrow("refused");
    expect(sent).toEqual(["ada", "bob", "ada"]);
    for (const { resolve } of answers) resolve("accepted");
    expect(await Promise.all([second, other])).toEqual(["accepted", "accepted"]);
  });
});
