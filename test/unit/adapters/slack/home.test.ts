import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { createHome, type Home } from "../../../../adapters/slack/home.ts";
import type { Caller } from "../../../../adapters/slack/who.ts";
import type { AgentHealth } from "../../../../src/desk-types.ts";
import { AppError } from "../../../../src/errors.ts";
import { ChatOffice } from "../../../fakes/chat-office.ts";
import { ManualTime, settle } from "../../../fakes/manual-time.ts";
import { MemoryValues } from "../../../fakes/memory-values.ts";
import { silentLogger } from "../../../fakes/silent-logger.ts";

/** When homes are drawn, by a clock of our own: over the office's desk, without Slack. */

let time: ManualTime;
let office: ChatOffice;
let home: Home;
/** Views published so far, as text, with the user of each. */
let published: (readonly [user: string, blocks: string])[];
let refusals: AppError[];
let inFlight: number;
let state: AgentHealth["state"];
let memory: MemoryValues;

beforeEach(() => {
  time = new ManualTime();
  office = new ChatOffice(time);
  published = [];
  refusals = [];
  inFlight = 0;
  state = "busy";
  memory = new MemoryValues();
  home = newHome();
});
/** As a bot's, with what it remembers. */
function newHome(): Home {
  const agents = () =>
    Promise.resolve([
      {
        id: "supply",
        atSign: "@cs-supply",
        description: "",
        inFlight,
        health: { state, text: `${inFlight} requests in flight` },
        instances: [],
      } as const,
    ]);
  return createHome({
    memory,
    web: {
      call: (_method, args, { answer }) => {
        const refusal = refusals.pop();
        if (refusal !== undefined) {
          return Promise.reject(refusal);
        }
        const { user_id: user, view } = args as { user_id: string; view: { blocks: unknown } };
        published.push([user, JSON.stringify(view.blocks)]);
        return Promise.resolve(answer.parse({ ok: true }));
      },
    },
    desk: { ...office.desk, agents },
    who: { identify: (user) => Promise.resolve(callerOf(user)) },
    clock: time,
    after: (ms, call) => time.after(ms, call),
    log: silentLogger,
  });
}

const userOf = (person: string) => person.toUpperCase().replace("-", "");
function callerOf(user: string): Caller {
  const account = `slack:T1/${user}`;
  const person = office.people.find(({ id }) => userOf(id) === user);
  return person === undefined
    ? { account, user, by: account, stranger: "unmapped" }
    : { account, user, by: person.id, person };
}
async function opens(person: string): Promise<void> {
  await home.opened({ event: { user: userOf(person), tab: "home" } });
  await settle();
}
async function changes(run: string): Promise<void> {
  await office.begin(run, { person: "employee", text: `request ${run}`, thread: "slack:T1/C1/1.1" });
  home.changed();
  await settle();
}
const last = () => published.at(-1)?.[1] ?? "";

test("an opened home is drawn at once, then at most every three seconds, with the last state of all changes", async () => {
  await opens("employee");
  assert.equal(published.length, 1);
  for (const run of ["r1", "r2", "r3"]) {
    await changes(run);
  }
  assert.equal(published.length, 1);
  await time.advance(3_000);
  assert.equal(published.length, 2);
  assert.match(last(), /request r3.*request r2.*request r1/);
  await time.advance(3_000);
  await changes("r4");
  assert.equal(published.length, 3, "rested: at once");
});

test("who did not open a home, or long ago, gets none; an opening counts anew", async () => {
  await changes("r1");
  assert.equal(published.length, 0);
  await opens("employee");
  await time.advance(3_600_001);
  await changes("r2");
  assert.equal(published.length, 1);
  await opens("employee");
  assert.equal(published.length, 2);
});

test("a change that the person's home does not show costs no call; how busy agents are rides along", async () => {
  await opens("employee-2");
  await time.advance(3_000);
  inFlight = 4;
  await changes("r1");
  assert.equal(published.length, 1);
  await opens("employee");
  assert.match(last(), /4 requests in flight/);
});

test("the outcome of a verdict is drawn during the rest and while drawing, and stays until the home is opened again", async () => {
  await office.begin("r1", { person: "employee", text: "request r1", thread: "slack:T1/C1/1.1" });
  await office.openApproval("r1");
  await opens("manager");
  home.decided(userOf("manager"), { approval: "a-r1", text: "first words" }, { here: true });
  home.decided(userOf("manager"), { approval: "a-r1", text: "last words" }, { here: true });
  await settle();
  assert.match(last(), /last words/);
  const count = published.length;
  await time.advance(3_000);
  await office.end("r1", "cancelled");
  home.changed();
  await settle();
  await time.advance(3_000);
  assert.equal(published.length, count, "nothing else is shown");
  await opens("manager");
  assert.doesNotMatch(last(), /last words/);
});

test("a verdict draws the home of nobody who did not open it, unless it was given there", async () => {
  home.decided(userOf("manager"), { approval: "a-r1", text: "Approved." }, { here: false });
  await settle();
  assert.equal(published.length, 0);
  home.decided(userOf("manager"), { approval: "a-r1", text: "Approved." }, { here: true });
  await settle();
  assert.equal(published.length, 1);
});

test("under Slack's limits it is drawn when Slack says; what will not get better is not tried again", async () => {
  refusals = [new AppError("rate-limited", "wait", { retryable: true, retryAfterMs: 30_000 })];
  await opens("employee");
  await time.advance(29_999);
  assert.equal(published.length, 0);
  await time.advance(1);
  assert.equal(published.length, 1);
  refusals = [new AppError("slack-refused", "no")];
  await opens("employee");
  await time.advance(600_000);
  assert.equal(published.length, 1);
});

test("people who have left, and strangers, see a notice only", async () => {
  await opens("former");
  assert.match(last(), /not active in this company/);
  await opens("nobody");
  assert.match(last(), /not linked to a person/);
  assert.doesNotMatch(last(), /supply/);
});

test("after the end nothing is drawn", async () => {
  await opens("employee");
  home.stop();
  await changes("r1");
  await time.advance(10_000);
  assert.equal(published.length, 1);
});

test("after a restart, and at another bot of the same record, homes that were opened are drawn where they changed", async () => {
  await opens("employee");
  const count = published.length;
  home.stop();
  home = newHome();
  await home.resume();
  await settle();
  assert.equal(published.length, count, "nothing changed");
  home.stop();
  await office.begin("r1", { person: "employee", text: "request r1", thread: "slack:T1/C1/1.1" });
  home = newHome();
  await home.resume();
  await settle();
  assert.match(last(), /request r1/);
  // Another bot, which draws the cards, is not told that somebody opens theirs here.
  const other = newHome();
  await time.advance(3_000);
  await opens("employee-2");
  await office.begin("r2", { person: "employee-2", text: "request r2", thread: "slack:T1/C1/1.1" });
  other.changed();
  await settle();
  assert.deepEqual(published.at(-1)?.[0], userOf("employee-2"));
  assert.match(last(), /request r2/);
  await opens("manager");
  const before = published.length;
  await office.openApproval("r1");
  other.changed();
  await settle();
  assert.equal(published.length, before, "it looked a moment ago");
  await time.advance(10_000);
  assert.match(published.findLast(([user]) => user === userOf("manager"))?.[1] ?? "", /"approve"/);
  other.stop();
});

test("homes that were opened long ago are drawn for nobody after a restart", async () => {
  await opens("employee");
  home.stop();
  await time.advance(3_600_001);
  home = newHome();
  const count = published.length;
  await home.resume();
  await changes("r1");
  await time.advance(10_000);
  assert.equal(published.length, count);
});

test("that an agent is silent is worth drawing", async () => {
  await opens("employee");
  await time.advance(3_000);
  state = "silent";
  home.changed();
  await settle();
  assert.equal(published.length, 2);
});
