import { afterEach, describe, expect, it } from "@jest/globals";
import { createCleanUp } from "@doorstep/testkit";
import { Stage } from "../../src/stage.ts";
import { doorstep } from "../../src/target/doorstep.ts";

const USERS = 4;
const TOKENS = 200;
const load = { from: 0, users: USERS, eventsPerS: 800, events: TOKENS };
const ALL_IN_ORDER = { distinct: TOKENS, duplicates: 0, outOfOrder: 0, stranded: 0, reached: USERS };

const cleanUp = createCleanUp();
afterEach(() => cleanUp.run());

describe("tokens to Doorstep", () => {
  it("arrive all and in order: in fewer frames as the text of runs, one event each otherwise", async () => {
    const stage = await Stage.start({ target: doorstep, servers: 1, cleanUp });
    await stage.connect({ from: 0, users: USERS });
    await stage.prime(USERS);
    await stage.clients.call("expect", "tokens");

    const texts = await stage.measure(() => stage.publisher.call("runTexts", load));
    expect(texts.tally).toMatchObject(ALL_IN_ORDER);
    expect(texts.tally.frames).toBeLessThan(TOKENS);

    // A stage beside it has numbers of its own, from 0, and so users of its own.
    const other = await stage.beside(cleanUp);
    await other.connect({ from: USERS, users: USERS });
    await other.prime(USERS, USERS);
    await other.clients.call("expect", "tokens");
    const each = await other.measure(() => other.publisher.call("runTokens", { ...load, from: USERS }));
    expect(each.tally).toMatchObject(ALL_IN_ORDER);
  });
});
