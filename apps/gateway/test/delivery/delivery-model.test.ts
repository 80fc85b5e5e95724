import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { DeliveryModel } from "../support/delivery-model.ts";

type Instruction = (model: DeliveryModel) => void;

const pick = fc.nat({ max: 20 });
/** Named, so that a counterexample can be read. */
const instruction: fc.Arbitrary<[string, Instruction]> = fc.oneof(
  fc.integer({ min: 1, max: 5 }).map((n): [string, Instruction] => [`append ${n}`, (model) => model.append(n)]),
  pick.map((n): [string, Instruction] => [`deliver ${n}`, (model) => model.deliver(n, false)]),
  pick.map((n): [string, Instruction] => [`deliver and keep ${n}`, (model) => model.deliver(n, true)]),
  pick.map((n): [string, Instruction] => [`lose ${n}`, (model) => model.lose(n)]),
  fc.constant<[string, Instruction]>(["ask head", (model) => model.askHead()]),
  fc.constant<[string, Instruction]>(["answer head", (model) => model.answerHead()]),
  fc.constant<[string, Instruction]>(["answer page", (model) => model.answerPage(false)]),
  fc.constant<[string, Instruction]>(["fail page", (model) => model.answerPage(true)]),
  fc.boolean().map((full): [string, Instruction] => [full ? "fill" : "drain", (model) => model.fill(full)]),
);

describe("the delivery of a socket, as a model", () => {
  it("P2 writes exactly the log after the start, whatever happens to pushes, heads and pages", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 10 }),
        fc.nat({ max: 10 }),
        fc.array(instruction, { maxLength: 80 }),
        fc.boolean(),
        (length, has, instructions, isLost) => {
          const model = new DeliveryModel(length, has);
          for (const [, run] of instructions) {
            run(model);
            expect(model.written).toEqual(model.expected.slice(0, model.written.length));
          }
          model.settle(isLost);
          expect(model.written).toEqual(model.expected);
          expect([model.phase, model.offset]).toEqual(["live", model.head]);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it("P2 finds a push that was lost without another to follow, by the head check alone", () => {
    const model = new DeliveryModel(2, 2);
    model.answerPage(false);
    expect(model.phase).toBe("live");
    model.append(2);
    model.lose(0);
    expect(model.written).toEqual([]);
    model.askHead();
    model.answerHead();
    model.answerPage(false);
    expect([model.phase, model.written]).toEqual(["live", ["3-0", "4-0"]]);
  });
});
