import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { MessagePlace } from "../fakes/slack/acts.ts";
import { until } from "../fakes/manual-time.ts";
import { slackWorld, type SlackWorld } from "../fakes/slack-world.ts";

/** Undos that need a person, in Slack: cards, buttons, the note's view and verbs, through the real bolt. */

let world: SlackWorld;
before(async () => {
  world = await slackWorld({ approvals: "C0ORDERS01" });
});
after(() => world.stop());

/** A request whose budget could not be released. */
async function stuck() {
  const before = world.office.runs.size;
  world.slack.user("employee").says("general", "@countersign order parts for 50 widgets");
  await until(() => world.office.runs.size > before, "a run");
  const run = [...world.office.runs.keys()].at(-1) ?? "";
  await world.office.stick(run);
  const posted = world.slack.workspace.messages("C0ORDERS01").at(-1);
  const card: MessagePlace = { channel: "C0ORDERS01", ts: posted?.ts ?? "" };
  return { run, undo: `${run}-1-budget`, card };
}
const blocksOf = (place: MessagePlace) =>
  JSON.stringify(world.slack.workspace.message(place.channel, place.ts)?.blocks);
const hasButtons = (place: MessagePlace) => blocksOf(place).includes('"undo-retry"');
const ownCopy = (name: string) =>
  JSON.stringify(world.slack.user(name).sees("@countersign").at(-1)?.blocks ?? []);
const modalOf = (name: string) => JSON.stringify(world.slack.user(name).modal?.blocks ?? []);
const whispered = (user: string) =>
  world.slack.workspace.ephemerals.filter((each) => each.user === user).map((each) => each.text);
const clicks = (undo: string) => world.office.undos.filter((each) => each.undo === undo);

test("the card stands in the channel and in the direct messages of those who may, and says what is stuck and why", async () => {
  const { card } = await stuck();
  const text = blocksOf(card);
  for (const words of [
    "Could not be undone",
    "closed",
    "Undone already",
    "Reserve",
    "What you can do",
    "Have finance release",
  ]) {
    assert.ok(text.includes(words), words);
  }
  assert.ok(hasButtons(card));
  assert.ok(ownCopy("manager").includes('"undo-by-hand"'));
});

test("try again: acknowledged after its commit, for the try that was shown; every copy is final", async () => {
  const { undo, card } = await stuck();
  assert.equal((await world.slack.user("manager").clicks(card, "undo-retry")).ok, true);
  assert.deepEqual(
    clicks(undo).map(({ person, act, attempt, adapter }) => [person, act, attempt, adapter]),
    [["manager", "retry", 1, "slack"]],
  );
  await until(() => !hasButtons(card), "the channel's copy");
  await until(() => !ownCopy("manager-2").includes('"undo-retry"'), "the other manager's copy");
  assert.match(blocksOf(card), /Tried again by manager in slack/);
});

test("settled by hand asks for the note in a view; without one nothing is noted", async () => {
  const { undo, card } = await stuck();
  const manager = world.slack.user("manager");
  await manager.clicks(card, "undo-by-hand");
  await until(() => modalOf("manager").includes("plain_text_input"), "the question");
  assert.equal(clicks(undo).length, 0);
  await manager.submits({ text: "  " });
  assert.equal(clicks(undo).length, 0, "blank");
  assert.equal((await manager.submits({ text: "booked back in the ledger" })).ok, true);
  assert.deepEqual(
    clicks(undo).map(({ act, note }) => [act, note]),
    [["by-hand", "booked back in the ledger"]],
  );
  await until(() => blocksOf(card).includes("booked back in the ledger"), "the final card");
});

test("who comes second, and strangers, are told privately; nothing is noted of them", async () => {
  const { undo, card } = await stuck();
  await world.slack.user("manager-2").clicks(card, "undo-leave");
  await until(() => modalOf("manager-2").includes("plain_text_input"), "the question");
  await world.slack.user("admin").clicks(card, "undo-retry");
  await until(() => whispered("U0ADMIN001").some((text) => /not linked/.test(text)), "why not");
  await world.slack.user("manager").clicks(card, "undo-retry");
  await world.slack.user("manager-2").submits({ text: "leave it" });
  await until(() => /Not taken/.test(modalOf("manager-2")), "that somebody else was first");
  assert.deepEqual(
    clicks(undo).map(({ person }) => person),
    ["manager"],
  );
});

test("the verbs do the same without a card: undos, undo, by-hand, leave", async () => {
  const { undo } = await stuck();
  const manager = world.slack.user("manager");
  const said = async (line: string) => JSON.stringify(await manager.runs(line, "general"));
  assert.ok((await said("/countersign undos")).includes(undo));
  assert.match(await said("/countersign by-hand"), /Which one/);
  assert.match(await said(`/countersign by-hand ${undo} in the ledger`), /Noted: settled by hand/);
  assert.match(await said(`/countersign leave ${undo} too late`), /Not taken/);
  assert.match(await said(`/countersign undo ${undo}`), /Not taken/);
  assert.deepEqual(
    clicks(undo).map(({ act, note }) => [act, note]),
    [["by-hand", "in the ledger"]],
  );
});
