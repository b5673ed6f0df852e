import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../fakes/manual-time.ts";
import { slackWorld, type SlackWorld, team } from "../fakes/slack-world.ts";

/** Messages in Slack, through the real bolt, to the inbox. */

let world: SlackWorld;
before(async () => {
  world = await slackWorld();
});
after(() => world.stop());

const requests = () => world.office.requests;
const taken = (count: number) => until(() => requests().length >= count, `request ${count}`);
/** What only this user sees in a channel. */
const whispers = (name: string, where: string) =>
  world.slack
    .user(name)
    .sees(where)
    .filter((message) => world.slack.workspace.ephemerals.includes(message as never))
    .map((message) => message.text);

test("a mention becomes one request, though it comes as two events, and its card stands in the thread", async () => {
  const count = requests().length;
  const place = world.slack
    .user("employee")
    .says("general", "@countersign order parts for 5 &amp; 6 widgets");
  await taken(count + 1);
  const request = requests().at(-1);
  assert.equal(request?.person, "employee");
  assert.equal(request?.thread, `slack:${team}/${place.channel}/${place.ts}`);
  assert.equal(request?.key, `slack:${team}/${place.channel}/${place.ts}/U0EMPLOYEE`);
  await until(() => world.slack.workspace.replies(place.channel, place.ts).length === 1, "the progress card");
  await world.acknowledged();
  assert.equal(requests().length, count + 1);
});

test("a direct message is a request without a mention", async () => {
  const count = requests().length;
  world.slack.user("employee").says("@countersign", "order parts for 7 widgets");
  await taken(count + 1);
  assert.equal(requests().at(-1)?.text, "order parts for 7 widgets");
});

test("lesson 6: one message delivered eleven times under different event ids is one request", async () => {
  const count = requests().length;
  world.slack.faults.delivery("app_mention", { kind: "duplicate", times: 11 });
  world.slack.faults.delivery("message", { kind: "duplicate", times: 11 });
  const seen = world.slack.deliveries.length;
  world.slack.user("employee").says("general", "@countersign order parts for 8 widgets");
  await until(
    () => world.slack.deliveries.filter((each) => each.outcome !== "waiting").length >= seen + 22,
    "twenty-two deliveries acknowledged",
  );
  assert.equal(requests().length, count + 1);
});

test("lesson 7: an event that failed is not acknowledged, and its retry is handled", async () => {
  const count = requests().length;
  const seen = world.slack.deliveries.length;
  world.slack.faults.api("users.info", { kind: "http", status: 503 }, 1);
  // Nobody who is known for the moment.
  world.slack.user("admin").says("@countersign", "order parts for 9 widgets");
  await until(() => world.slack.calls.some((call) => call.args["user"] === "U0ADMIN001"), "a try");
  await world.time.advance(3_000);
  await until(
    () => world.slack.deliveries.slice(seen).some((each) => each.attempt > 0 && each.outcome !== "waiting"),
    "a retry",
  );
  assert.equal(requests().length, count);
  assert.equal(world.office.strangers.at(-1), `slack:${team}/U0ADMIN001`);
});

test("talk in a thread is nobody's request; the requester's reply answers the question", async () => {
  const place = world.slack.user("employee").says("general", "@countersign order parts for 10 widgets");
  const count = requests().length;
  await taken(count + 1);
  const run = [...world.office.runs.keys()].at(-1) ?? "";
  world.slack.user("employee").says("general", "not an answer to anything", { thread: place.ts });
  world.slack.user("manager").says("general", "me neither", { thread: place.ts });
  await world.acknowledged();
  await world.office.ask(run, "Which widget?", ["W-1", "W-2"]);
  world.slack.user("employee-2").says("general", "W-9", { thread: place.ts });
  const answer = world.slack.user("employee").says("general", "W-2", { thread: place.ts });
  await taken(count + 2);
  assert.equal(requests().at(-1)?.key, `slack:${team}/${answer.channel}/${answer.ts}/U0EMPLOYEE`);
  assert.equal(world.office.runs.get(run)?.dialogue.at(-1)?.answer, "W-2");
  await world.acknowledged();
  assert.equal(requests().length, count + 2);
});

test("an offered answer is clicked by the requester alone, and counts once", async () => {
  const count = requests().length;
  const place = world.slack.user("employee").says("general", "@countersign order parts for 11 widgets");
  await taken(count + 1);
  const run = [...world.office.runs.keys()].at(-1) ?? "";
  await world.office.ask(run, "Which widget?", ["W-1", "W-2"]);
  const question = world.slack.workspace.replies(place.channel, place.ts).at(-1);
  const at = { channel: place.channel, ts: question?.ts ?? "" };
  await world.slack.user("employee-2").clicks(at, "W-2");
  assert.equal(requests().length, count + 1);
  await world.slack.user("employee").clicks(at, "W-2");
  assert.equal(world.office.runs.get(run)?.dialogue.at(-1)?.answer, "W-2");
});

test("an edited request is taken back and asked anew; once work has begun it is kept, and the author is told", async () => {
  const count = requests().length;
  const erin = world.slack.user("employee");
  const place = erin.says("general", "@countersign order parts for 12 widgets");
  await taken(count + 1);
  const first = [...world.office.runs.keys()].at(-1) ?? "";
  erin.edits(place, "@countersign order parts for 13 widgets");
  await taken(count + 2);
  assert.equal(requests().at(-1)?.text, "order parts for 13 widgets");
  assert.equal(world.office.runs.get(first)?.run.status, "cancelled");
  const second = [...world.office.runs.keys()].at(-1) ?? "";
  await world.office.proceed(second, "credit");
  erin.edits(place, "@countersign order parts for 14 widgets");
  await until(() => whispers("employee", "general").some((text) => text.includes("as you wrote it")), "told");
  // Each change is also told as a mention, and the next one comes after a text that was not taken.
  erin.edits(place, "@countersign order parts for 15 widgets");
  await world.acknowledged();
  assert.equal(requests().length, count + 2);
});

test("the second change of a request that is under way is no other request, though the first was never told", async () => {
  const count = requests().length;
  const erin = world.slack.user("employee");
  const place = erin.says("general", "@countersign order parts for 18 widgets");
  await taken(count + 1);
  await world.office.proceed([...world.office.runs.keys()].at(-1) ?? "", "credit");
  await world.acknowledged();
  world.slack.faults.delivery("message", { kind: "hold" }, 1);
  erin.edits(place, "@countersign order parts for 19 widgets");
  const seen = world.slack.deliveries.length;
  erin.edits(place, "@countersign order parts for 20 widgets");
  await until(
    () => world.slack.deliveries.slice(seen).filter((each) => each.outcome !== "waiting").length >= 2,
    "the second change",
  );
  world.slack.release();
  await world.acknowledged();
  assert.equal(requests().length, count + 1);
});

test("a message that comes after its own change starts nothing, though the bot was restarted in between", async () => {
  const count = requests().length;
  const erin = world.slack.user("employee");
  world.slack.faults.delivery("message", { kind: "hold" }, 1);
  world.slack.faults.delivery("app_mention", { kind: "hold" }, 1);
  const place = erin.says("general", "@countersign order parts for 30 widgets");
  erin.edits(place, "@countersign order parts for 31 widgets");
  await taken(count + 1);
  assert.equal(requests().at(-1)?.text, "order parts for 31 widgets");
  await world.restart();
  const seen = world.slack.deliveries.filter((each) => each.outcome !== "waiting").length;
  world.slack.release();
  const late = () => world.slack.deliveries.filter((each) => each.outcome !== "waiting").length;
  await until(() => late() >= seen + 2, "the late events");
  assert.equal(requests().length, count + 1);
  assert.ok(!whispers("employee", "general").some((text) => /withdrawn|taken back/.test(text)), "silently");
});

test("a request that goes on, whatever its message becomes, goes on after a restart too", async () => {
  const count = requests().length;
  const erin = world.slack.user("employee");
  const place = erin.says("general", "@countersign order parts for 32 widgets");
  await taken(count + 1);
  erin.edits(place, "@countersign order parts for 33 widgets");
  await taken(count + 2);
  const run = [...world.office.runs.keys()].at(-1) ?? "";
  await world.office.proceed(run, "credit");
  const told = whispers("employee", "general").length;
  erin.edits(place, "@countersign order parts for 34 widgets");
  await until(() => whispers("employee", "general").length > told, "told");
  await world.acknowledged();
  await world.restart();
  const seen = world.slack.deliveries.length;
  // What the text before this one had started was taken back; what the one before that started goes on.
  erin.edits(place, "@countersign order parts for 35 widgets");
  await until(
    () => world.slack.deliveries.slice(seen).some((each) => each.outcome !== "waiting"),
    "the change",
  );
  await world.acknowledged();
  assert.equal(requests().length, count + 2);
  assert.equal(world.office.runs.get(run)?.run.status, "running");
});

test("what is said to the author of a message stands where Slack shows it, also before its thread has replies", async () => {
  world.slack.user("stranger").says("orders", "@countersign order parts for 21 widgets");
  await until(
    () => whispers("stranger", "orders").some((text) => text.includes("other organisations")),
    "the refusal",
  );
});

test("a deleted request is taken back, also as the first message of its thread", async () => {
  const count = requests().length;
  const erin = world.slack.user("employee");
  const place = erin.says("general", "@countersign order parts for 15 widgets");
  await taken(count + 1);
  const run = [...world.office.runs.keys()].at(-1) ?? "";
  erin.deletes(place);
  await until(() => world.office.runs.get(run)?.run.status === "cancelled", "cancelled");
});

test("events in the wrong order: a message that comes after its own deletion starts nothing", async () => {
  const count = requests().length;
  const erin = world.slack.user("employee");
  world.slack.faults.delivery("message", { kind: "hold" }, 1);
  world.slack.faults.delivery("app_mention", { kind: "hold" }, 1);
  const place = erin.says("general", "@countersign order parts for 16 widgets");
  const seen = world.slack.deliveries.length;
  erin.deletes(place);
  await until(
    () => world.slack.deliveries.slice(seen).some((each) => each.outcome !== "waiting"),
    "deletion",
  );
  world.slack.release();
  await until(
    () => world.slack.deliveries.slice(seen).filter((each) => each.outcome !== "waiting").length >= 3,
    "the late events",
  );
  assert.equal(requests().length, count);
});

test("the message shortcut asks for what a message says; where the bot is no member, in direct messages", async () => {
  const count = requests().length;
  const said = world.slack.user("manager-2").says("finance", "order parts for 17 widgets");
  const outcome = await world.slack.user("manager").usesShortcut("make-request", said);
  assert.equal(outcome.ok, true);
  assert.equal(requests().length, count + 1);
  const { person, text, thread } = requests().at(-1) ?? {};
  assert.deepEqual([person, text], ["manager", "order parts for 17 widgets"]);
  assert.doesNotMatch(thread ?? "", /C0FINANCE1/);
  await until(() => JSON.stringify(world.slack.user("manager").modal?.blocks).includes("Taken."), "the view");
});
