import assert from "node:assert/strict";
import { test } from "node:test";
import { createAskBack } from "../../src/ask-back.ts";
import { cardFor } from "../../src/cards.ts";
import { loadRunView } from "../../src/run-view.ts";
import type { SafetyAct } from "../../src/safety-types.ts";
import { people } from "../fakes/trust-world.ts";
import { buying } from "./engine/buying-workflow.ts";
import { click, EngineWorld, request } from "./engine/engine-world.ts";

const act = (person: string): SafetyAct => ({ person, adapter: "console", assurance: "clicked" });
const hourMs = 3_600_000;
const question = "Is <b>this</b> urgent?\nReally?";

async function opened() {
  const world = new EngineWorld();
  const bot = world.bot();
  const { run } = await bot.engine.start(request);
  await world.settle(bot.engine);
  const gate = `${run}-1-gate`;
  const ask = createAskBack({
    store: world.store,
    engine: bot.engine,
    trust: () => world.trust,
    deciders: async () => people.filter(({ id }) => id.startsWith("manager")),
  });
  const asked = async (person: string, text = question) => {
    const outcome = await ask(act(person), gate, text);
    return outcome.outcome === "refused" ? outcome.error.code : outcome.outcome;
  };
  const answer = (text: string, person = "employee") =>
    bot.intake.request({ ...request, key: `answer-${text}`, person, text, onlyAnswer: true });
  const view = async () => {
    const found = await world.store.loadRun(run);
    assert.ok(found !== undefined);
    return loadRunView(world.store, found, {
      definition: () => buying,
      atSignOf: (agent) => `@cs-${agent}`,
      onAltered: () => assert.fail("no plan was altered"),
    });
  };
  const card = async (key: string) => cardFor(key, await view());
  const row = async () => (await world.store.approval(gate)) ?? assert.fail("no approval");
  return { world, bot, run, gate, asked, answer, view, card, row };
}

test("a question goes to the requester's thread, its answer to the card and the record; the approval stays open", async () => {
  const { world, bot, run, gate, asked, answer, view, card, row } = await opened();
  const before = await row();
  assert.equal(await asked("manager"), "accepted");
  const shown = await card(`question-${run}-1`);
  assert.deepEqual(
    [shown?.title, shown?.text, shown?.tone],
    ["manager asks before deciding", question, "waiting"],
  );
  assert.equal((await world.store.cards(`question-${run}-1`))[0]?.thread, request.thread);
  assert.match((await card(`progress-${run}`))?.text ?? "", /manager waits for your answer/);
  assert.deepEqual(await row(), before, "its times are what they were");
  assert.equal(await asked("manager-2"), "ask-back-not-answered");

  assert.equal((await answer("no", "manager-2")).outcome, "refused", "only the requester answers");
  assert.deepEqual(await answer("By Friday."), { outcome: "accepted", run });
  assert.deepEqual(await answer("By Friday."), { outcome: "accepted", run }, "the same message again");
  assert.equal((await answer("Or Monday.")).outcome, "refused", "nothing waits for an answer any more");
  assert.deepEqual(
    (await view()).papers[gate]?.asked?.map((each) => [each.by, each.question, each.answer]),
    [["manager", question, "By Friday."]],
  );
  assert.match((await card(`answered-${gate}-1`))?.text ?? "", /By Friday\.$/);
  assert.equal((await card(`question-${run}-1`))?.title, "Answered");
  const noted = world.store.journal.filter(({ kind }) => kind === "ask-back" || kind === "answer");
  assert.deepEqual(
    noted.map(({ kind, run: of, body }) => [kind, of, body]),
    [
      ["ask-back", run, question],
      ["answer", run, "By Friday."],
    ],
  );
  assert.deepEqual(await row(), before);
  await bot.approvals.decide({ ...click, approval: gate });
  await world.settle(bot.engine);
  assert.equal((await world.run(run)).status, "completed");
});

test("only who may decide asks, and only of what is open", async () => {
  const { bot, gate, asked } = await opened();
  assert.equal(await asked("employee"), "not-allowed");
  assert.equal(await asked("former"), "unknown-person");
  assert.equal(await asked("manager", "   "), "bad-question");
  assert.equal(await asked("manager", "x".repeat(1_001)), "bad-question");
  await bot.approvals.decide({ ...click, approval: gate });
  assert.equal(await asked("manager"), "ask-back-stale");
});

test("at most ten questions about one plan", async () => {
  const { asked, answer } = await opened();
  for (let number = 1; number <= 10; number += 1) {
    assert.equal(await asked("manager", `question ${number}`), "accepted");
    assert.equal((await answer(`answer ${number}`)).outcome, "accepted");
  }
  assert.equal(await asked("manager"), "ask-back-too-many");
});

test("decided or expired without the answer: nobody is asked any more, and an answer changes nothing", async () => {
  for (const end of ["decided", "expired"] as const) {
    const { world, bot, run, gate, asked, answer, card, row } = await opened();
    await asked("manager");
    const [before] = await world.store.cards(`question-${run}-1`);
    if (end === "decided") {
      await bot.approvals.decide({ ...click, approval: gate });
    } else {
      await world.time.advance(73 * hourMs);
      await bot.engine.due(run);
    }
    const [after] = await world.store.cards(`question-${run}-1`);
    assert.ok((after?.version ?? 0) > (before?.version ?? 0), "its card is drawn again");
    assert.equal((await card(`question-${run}-1`))?.title, "Not answered");
    assert.equal((await answer("too late")).outcome, "refused");
    await world.settle(bot.engine);
    assert.equal((await row()).status, end);
  }
});
