import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ChatRequest } from "../../src/chat-types.ts";
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

/** A list of three, taken: its place, the runs of its requests and what its thread shows. */
async function listOfThree(name = "employee") {
  const count = requests().length;
  const known = world.office.runs.size;
  const place = world.slack
    .user(name)
    .says("general", "@countersign", csv("item,quantity\nwidget,50\ngadget,20\npump,3\n"));
  await until(() => requests().length === count + 3, "three requests");
  const thread = () => world.slack.workspace.replies(place.channel, place.ts);
  const shown = () => thread().map((each) => JSON.stringify(each.blocks));
  await until(() => shown().some((text) => /3 requests: 3 taken/.test(text)), "the summary");
  return { place, taken: requests().slice(count), runs: [...world.office.runs.keys()].slice(known), shown };
}

test("a longer list becomes a request for each line, once, and one reply says so", async () => {
  const count = requests().length;
  world.slack.faults.delivery("app_mention", { kind: "duplicate", times: 5 });
  const { place, taken, shown } = await listOfThree();
  await world.acknowledged();
  assert.equal(requests().length, count + 3);
  const [key, thread] = [
    `${place.channel}/${place.ts}/U0EMPLOYEE`,
    `${place.channel}/${place.ts}#${place.ts}`,
  ];
  assert.deepEqual(
    taken.map((each) => [each.key, each.thread, each.text]),
    ['50 "widget"', '20 "gadget"', '3 "pump"'].map((what, index) => [
      `slack:${team}/${key}/line-${index + 1}`,
      `slack:${team}/${thread}-${index + 1}`,
      `Order the parts needed for ${what}`,
    ]),
  );
  assert.equal(shown().filter((text) => /A list of 3/.test(text)).length, 1);
  assert.equal(shown().length, 1 + 3, "and a card for each, in the same thread");
});

test("of a list's requests each is answered for itself: by its button, its number, or as the only one that asks", async () => {
  const { place, runs } = await listOfThree();
  const [first = "", second = "", third = ""] = runs;
  const answerOf = (run: string) => world.office.runs.get(run)?.dialogue.at(-1)?.answer;
  const erin = world.slack.user("employee");
  const count = requests().length;
  for (const run of runs) {
    await world.office.ask(run, "Which one?", [`${run}-A`, `${run}-B`]);
  }
  const replies = world.slack.workspace.replies(place.channel, place.ts);
  const question = replies.find((each) => JSON.stringify(each.blocks).includes(`${first}-B`));
  await erin.clicks({ ...place, ts: question?.ts ?? "" }, `${first}-B`);
  assert.equal(answerOf(first), `${first}-B`);
  erin.says("general", "the big one", { thread: place.ts });
  await answered("employee", /Several requests of this list ask you something/);
  erin.says("general", "3: the small one", { thread: place.ts });
  await until(() => answerOf(third) === "the small one", "the answer by number");
  world.slack.user("manager").says("general", "nobody asked me", { thread: place.ts });
  erin.says("general", "the last one", { thread: place.ts });
  await until(() => answerOf(second) === "the last one", "the only one that asks");
  erin.says("general", "just talking", { thread: place.ts });
  await world.acknowledged();
  assert.equal(requests().length, count + 3);
});

test("a list that was interrupted goes on when it comes again: nothing twice, and one reply", async () => {
  const count = requests().length;
  const request = world.office.inbox.request.bind(world.office.inbox);
  let calls = 0;
  Object.assign(world.office.inbox, {
    request: (each: ChatRequest) => {
      calls += 1;
      return calls === 2 ? Promise.reject(new Error("on purpose")) : request(each);
    },
  });
  const place = world.slack
    .user("employee")
    .says("@countersign", "", csv("item,quantity\nwidget,50\ngadget,20\n"));
  await until(() => calls === 2, "the interruption");
  const shown = () =>
    world.slack.workspace.replies(place.channel, place.ts).map((each) => JSON.stringify(each.blocks));
  assert.equal(requests().length, count + 1);
  assert.ok(
    shown().some((text) => /They are being taken/.test(text)),
    "what was begun is said",
  );
  await world.time.advance(3_000);
  await until(() => shown().some((text) => /2 requests: 2 taken/.test(text)), "the summary");
  Object.assign(world.office.inbox, { request });
  assert.deepEqual(
    requests()
      .slice(count)
      .map((each) => each.text),
    ['Order the parts needed for 50 "widget"', 'Order the parts needed for 20 "gadget"'],
  );
  assert.equal(shown().filter((text) => /A list of 2/.test(text)).length, 1);
});

test("a request of a list that is refused is named with the reason; the others are taken", async () => {
  const request = world.office.inbox.request.bind(world.office.inbox);
  Object.assign(world.office.inbox, {
    request: (each: ChatRequest) =>
      each.text.includes("gadget")
        ? Promise.resolve({
            outcome: "refused",
            error: { code: "no", message: "no gadgets", retryable: false },
          })
        : request(each),
  });
  const place = world.slack
    .user("employee")
    .says("general", "@countersign", csv("item,quantity\nwidget,50\ngadget,20\n"));
  const shown = () =>
    world.slack.workspace.replies(place.channel, place.ts).map((each) => JSON.stringify(each.blocks));
  await until(
    () => shown().some((text) => /2 requests: 1 taken.*gadget.*not taken: no gadgets/.test(text)),
    "why",
  );
  Object.assign(world.office.inbox, { request });
});

test("a deleted list takes back the requests that are not under way, and says which are", async () => {
  const { place, runs } = await listOfThree("employee-2");
  const [first = "", second = "", third = ""] = runs;
  await world.office.proceed(second, "credit");
  world.slack.user("employee-2").deletes(place);
  await answered("employee-2", /Of your list these were taken up as you wrote them before: 2\./);
  assert.deepEqual(
    [first, second, third].map((run) => world.office.runs.get(run)?.run.status),
    ["cancelled", "running", "cancelled"],
  );
});

test("a list that comes after its own deletion orders nothing", async () => {
  const count = requests().length;
  const erin = world.slack.user("employee");
  world.slack.faults.delivery("message", { kind: "hold" }, 1);
  world.slack.faults.delivery("app_mention", { kind: "hold" }, 1);
  const place = erin.says("general", "@countersign", csv("item,quantity\nwidget,50\ngadget,20\n"));
  erin.deletes(place);
  await world.acknowledged();
  world.slack.release();
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
