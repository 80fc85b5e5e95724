import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createCleanUp, startRedis } from "@doorstep/testkit";
import { createHub, type Hub } from "@doorstep/agent";
import { emptyRunView, type Envelope, reduceRun, type RunView, ZERO_OFFSET } from "@doorstep/protocol";
import { bodyOf, connectStore, type Store } from "@doorstep/store";
import { answerQuestion } from "../../src/agent/answer-agent.ts";
import { Folder, type Library } from "../../src/agent/folder.ts";
import { suggestQuestions } from "../../src/agent/suggestion.ts";
import { makeFolder } from "../support/library.ts";

const cleanUp = createCleanUp();
let folder: Folder;
let library: Library;
let store: Store;
let hub: Hub;
let users = 0;

beforeAll(async () => {
  folder = new Folder(await makeFolder(cleanUp));
  library = await folder.load();
  const redis = await startRedis();
  cleanUp.add(() => redis.stop());
  store = await connectStore({ redis: redis.url });
  cleanUp.add(() => store.close());
  hub = createHub({ redis: redis.url, source: "urn:test" });
  cleanUp.add(() => hub.close());
});
afterAll(() => cleanUp.run());

/** Asks for real, and folds what stands in the user's log as a browser does. */
async function ask(text: string, isThorough = false, where = folder): Promise<RunView> {
  const userId = `visitor${++users}`;
  const init = { userId, threadId: "t", agentName: "librarian" };
  await hub.run(init, (run) => answerQuestion(run, where, { text, isThorough }));
  const page = await store.log.read(store.log.keysOf(userId), ZERO_OFFSET, 1_000, 10_000_000);
  const events = page.entries.map((entry) => JSON.parse(bodyOf(entry)) as Envelope);
  return events.reduce(reduceRun, emptyRunView("?"));
}

const textOf = (view: RunView) => view.messages.map((message) => message.text).join("\n");

describe("the agent", () => {
  it("quotes real lines of the files it names, through real tools, in steps", async () => {
    const view = await ask("How are boats moored?");
    expect(view.status).toBe("completed");
    expect(view.steps.map((step) => `${step.stepName}: ${step.status}`)).toEqual([
      "Understand the question: success",
      "Search the folder: success",
      "Read the best places: success",
      "Answer: success",
    ]);
    expect(new Set(view.tools.map((tool) => `${tool.toolName}: ${tool.status}`))).toEqual(
      new Set(["searchText: success", "readSection: success"]),
    );
    const quotes = [...textOf(view).matchAll(/^> (.+) \[(.+):(\d+)\]$/gm)];
    expect(quotes.length).toBeGreaterThan(0);
    for (const [, quote = "", path = "", line = ""] of quotes) {
      expect(library.get(path).lines[Number(line) - 1]).toContain(quote.slice(0, 20));
    }
    expect(quotes[0]?.[1]).toBe("A boat is moored with two ropes. The harbour master checks the ropes twice a day.");
  });

  it("says where something is", async () => {
    const view = await ask("Where is `moorBoat` defined?");
    expect(textOf(view)).toContain(
      "> export function moorBoat(name: string, berth: number): string { [src/mooring.ts:4]",
    );
  });

  it("counts", async () => {
    const view = await ask('How many files mention "boats"?');
    expect(textOf(view)).toContain("“boats”: in 2 files of the 6 in ");
    expect(view.tools.map((tool) => tool.toolName)).toContain("count");
    expect(textOf(await ask("How many TypeScript files are there?"))).toContain(
      "There are 2 files (*.ts*) with 15 lines",
    );
    expect(textOf(await ask("How many TypeScript files mention zebra?"))).toContain("None: I looked through 2 files");
  });

  it("reads how files begin where only files are named", async () => {
    expect(textOf(await ask("What is in README.md?"))).toContain("> Harbour keeps boats.");
  });

  it("is honest where nothing was found", async () => {
    const text = textOf(await ask("zebra quantum"));
    expect(text).toMatch(/^I found nothing about “zebra”, “quantum” in the 6 files of /);
    expect(text).toContain("No file has the word “zebra” or “quantum”.");
    expect(text).not.toContain(">");
  });

  it("quotes more when it has the time", async () => {
    const names = ["amber", "birch", "coral", "dune", "ember", "fern", "grove", "heath", "iris", "jade"];
    const sections = names.map(
      (name) => `## ${name}\n\nA ship: ${name}ly ${name}some ${name}wise ${name}ward ${name}less ${name}like.\n`,
    );
    const fleet = new Folder(
      await makeFolder(cleanUp, {
        "fleet.md": sections.slice(0, 2).join("\n"),
        "a.md": sections.slice(2, 4).join("\n"),
        "b.md": sections.slice(4, 6).join("\n"),
        "c.md": sections.slice(6, 8).join("\n"),
        "d.md": sections.slice(8).join("\n"),
      }),
    );
    const quotesOf = async (isThorough: boolean) =>
      [...textOf(await ask("What is a ship?", isThorough, fleet)).matchAll(/^> /gm)].length;
    expect(await quotesOf(true)).toBeGreaterThan(await quotesOf(false));
  });

  it("suggests questions that it can answer", async () => {
    const questions = suggestQuestions(library);
    expect(questions).toContain("Where is `moorBoat` defined?");
    for (const question of questions) expect(textOf(await ask(question))).not.toContain("I found nothing");
  });
});
