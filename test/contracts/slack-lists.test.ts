import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../fakes/manual-time.ts";
import { slackWorld, type SlackWorld, team } from "../fakes/slack-world.ts";

/** Requests with an attached list in Slack, through the real bolt, to the inbox. */

let world: SlackWorld;
before(async () => {
  world = await slackWorld();
});
after(() => world.stop());

const requests = () => world.office.requests;
const csv = (content: string, name = "parts.csv") => ({ files: [{ name, content }] });
const answersTo = (name: string) =>
  world.slack.workspace.ephemerals
    .filter((each) => each.user === world.slack.workspace.userBy(name)?.id)
    .map((each) => JSON.stringify(each.blocks));
const answered = (name: string, pattern: RegExp) =>
  until(() => answersTo(name).some((text) => pattern.test(text)), String(pattern));

test("a list of one line is the request that it says, once, after what was said with it", async () => {
  const count = requests().length;
  world.slack.faults.delivery("message", { kind: "duplicate", times: 4 });
  const place = world.slack
    .user("employee")
    .says("general", "@countersign please, for Customer XYZ", csv("item,quantity\nwidget,50\n"));
  await until(() => requests().length > count, "the request");
  await world.acknowledged();
  assert.equal(requests().length, count + 1);
  const request = requests().at(-1);
  assert.equal(request?.text, 'please, for Customer XYZ\nOrder the parts needed for 50 "widget"');
  assert.equal(request?.key, `slack:${team}/${place.channel}/${place.ts}/U0EMPLOYEE`);
});

test("in direct messages a list alone is a request; other files change nothing", async () => {
  const count = requests().length;
  const erin = world.slack.user("employee");
  erin.says("@countersign", "", csv("item,quantity,customer\nwidget,5,Customer XYZ\n"));
  await until(() => requests().length === count + 1, "the list's request");
  assert.equal(requests().at(-1)?.text, 'Order the parts needed for 5 "widget" for "Customer XYZ"');
  erin.says("@countersign", "order parts for 6 widgets", csv("not a list", "notes.txt"));
  await until(() => requests().length === count + 2, "the text's request");
  assert.equal(requests().at(-1)?.text, "order parts for 6 widgets");
});

test("a longer list orders nothing and is answered, to who asked alone, with its requests one by one", async () => {
  const count = requests().length;
  world.slack
    .user("employee")
    .says("general", "@countersign", csv("item,quantity\nwidget,50\ngadget,20\npump,3\n"));
  await answered("employee", /this list has 3.*for 50 \\"widget.*for 20 \\"gadget.*for 3 \\"pump/);
  await world.acknowledged();
  assert.equal(requests().length, count);
});

test("a list with errors orders nothing, and each bad line is named; two lists are one too many", async () => {
  const count = requests().length;
  const eli = world.slack.user("employee-2");
  eli.says("general", "@countersign", csv("item,quantity\nwidget,many\n,2\n"));
  await answered("employee-2", /Nothing was ordered: line 2: quantity .*many.*; line 3: item/);
  eli.says("general", "@countersign", {
    files: [1, 2].map((n) => ({ name: `${n}.csv`, content: "item,quantity\nwidget,1\n" })),
  });
  await answered("employee-2", /attach one list/);
  eli.says("general", "@countersign", csv(`item,quantity\n${"widget,1\n".repeat(8_000)}`));
  await answered("employee-2", /72014 bytes; at most 64000/);
  await world.acknowledged();
  assert.equal(requests().length, count);
});

test("nobody's list is opened: strangers are refused, and talk in a thread is none of ours", async () => {
  const count = requests().length;
  const calls = world.slack.calls.length;
  const list = csv("item,quantity\nwidget,50\n");
  world.slack.user("admin").says("general", "@countersign for Customer XYZ", list);
  await until(() => world.office.strangers.includes(`slack:${team}/U0ADMIN001`), "the refusal");
  const talk = world.slack.user("employee").says("general", "look at this");
  world.slack.user("employee").says("general", "and this", { ...list, thread: talk.ts });
  await world.acknowledged();
  assert.equal(requests().length, count);
  assert.ok(!world.slack.calls.slice(calls).some(({ method }) => method === "files.info"));
});

test("while Slack does not give the file, the event is not acknowledged and comes again; without the scope, it is said", async () => {
  const count = requests().length;
  world.slack.faults.api("files.info", { kind: "http", status: 503 }, 1);
  const calls = world.slack.calls.length;
  world.slack.user("employee").says("@countersign", "", csv("item,quantity\nwidget,7\n"));
  const tries = () => world.slack.calls.slice(calls).filter(({ method }) => method === "files.info").length;
  await until(() => tries() === 1, "a try");
  await world.time.advance(3_000);
  await until(() => requests().length === count + 1, "the request");
  assert.equal(tries(), 2);
  world.slack.workspace.app.scopes.delete("files:read");
  world.slack.user("employee").says("general", "@countersign", csv("item,quantity\nwidget,8\n"));
  await answered("employee", /Nothing was ordered: Slack refused files.info: missing_scope/);
  assert.equal(requests().length, count + 1);
});
