import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { until } from "../fakes/manual-time.ts";
import { slackWorld, type SlackWorld } from "../fakes/slack-world.ts";

/** The App Home in Slack, through the real bolt, to the inbox. */

let world: SlackWorld;
beforeEach(async () => {
  world = await slackWorld();
});
afterEach(() => world.stop());

const homeOf = (name: string) => JSON.stringify(world.slack.user(name).home?.blocks ?? []);
async function opened(name: string): Promise<void> {
  const calls = world.slack.calls.length;
  world.slack.user(name).opensHome();
  const drawn = () =>
    world.slack.calls.slice(calls).some(({ method }) => method === "views.publish") && homeOf(name) !== "[]";
  await until(drawn, `the home of ${name}`);
}
/** A request by the employee whose plan waits for a manager; gives the approval's id. */
async function asked(text: string): Promise<string> {
  const before = world.office.runs.size;
  world.slack.user("employee").says("general", `@countersign ${text}`);
  await until(() => world.office.runs.size > before, "a run");
  const run = [...world.office.runs.keys()].at(-1) ?? "";
  await world.office.openApproval(run);
  return `a-${run}`;
}
const decisions = (approval: string) => world.office.decisions.filter((each) => each.approval === approval);

test("a click on the home is acknowledged after its commit, and the home shows what became of it", async () => {
  const approval = await asked("order parts for 50 widgets");
  await opened("manager");
  assert.match(homeOf("manager"), /"approve".*"reject".*"details"/);
  let commit = () => {};
  world.office.hold = new Promise((resolve) => (commit = resolve));
  const click = world.slack.user("manager").clicks("home", "approve");
  await until(() => world.slack.deliveries.at(-1)?.outcome === "waiting", "the click");
  assert.equal(decisions(approval).length, 0);
  world.office.hold = null;
  commit();
  assert.equal((await click).ok, true);
  assert.deepEqual(
    decisions(approval).map(({ person, verdict, assurance }) => [person, verdict, assurance]),
    [["manager", "approved", "clicked"]],
  );
  await until(() => /Approved by manager in slack/.test(homeOf("manager")), "the outcome");
  assert.doesNotMatch(homeOf("manager"), /"approve"/);
});

test("who clicks on a home that is out of date sees there who was first", async () => {
  const approval = await asked("order parts for 51 widgets");
  await opened("manager-2");
  const desk = { approval, adapter: "console", assurance: "clicked" } as const;
  await world.office.inbox.decision({ ...desk, person: "manager", verdict: "approved" });
  const whispers = world.slack.workspace.ephemerals.length;
  const direct = world.slack.user("manager-2").sees("@countersign").length;
  assert.equal((await world.slack.user("manager-2").clicks("home", "approve")).ok, true);
  await until(() => /It was approved by manager already/.test(homeOf("manager-2")), "who was first");
  assert.equal(decisions(approval).length, 1);
  assert.equal(world.slack.workspace.ephemerals.length, whispers);
  assert.equal(world.slack.user("manager-2").sees("@countersign").length, direct);
});

test("Reject on the home asks for the reason, and the home shows the rejection; Details opens the plan", async () => {
  const approval = await asked("order parts for 52 widgets");
  const manager = world.slack.user("manager");
  await opened("manager");
  await manager.clicks("home", "details");
  await until(() => JSON.stringify(manager.modal?.blocks ?? []).includes("motor"), "the plan");
  await manager.clicks("home", "reject");
  await until(() => JSON.stringify(manager.modal?.blocks ?? []).includes("plain_text_input"), "the question");
  assert.equal((await manager.submits({ text: "too dear" })).ok, true);
  assert.equal(decisions(approval)[0]?.verdict, "rejected");
  await until(() => /Rejected by manager .*too dear/.test(homeOf("manager")), "the outcome");
});

test("people see their own requests, no one else's, and no approval of their own", async () => {
  await asked("order parts for 53 widgets");
  await opened("employee");
  await opened("employee-2");
  assert.match(homeOf("employee"), /order parts for 53 widgets/);
  assert.doesNotMatch(homeOf("employee"), /"approve"/);
  assert.doesNotMatch(homeOf("employee-2"), /order parts for|"approve"/);
});

test("strangers see a polite notice and nothing else", async () => {
  for (const [name, notice] of [
    ["admin", /not linked to a person/],
    ["guest", /Guests of this workspace/],
  ] as const) {
    await opened(name);
    assert.match(homeOf(name), notice);
    assert.equal(world.slack.user(name).home?.blocks.length, 1);
  }
});

test("the messages tab draws no home, nor does a click on a card by somebody who never opened theirs", async () => {
  world.slack.user("employee").opensHome("messages");
  await asked("order parts for 54 widgets");
  const card = world.slack.user("manager").sees("@countersign").at(-1);
  const seen = await world.slack
    .user("manager")
    .clicks({ channel: card?.channel ?? "", ts: card?.ts ?? "" }, "approve");
  assert.equal(seen.ok, true);
  await world.acknowledged();
  assert.ok(!world.slack.calls.some(({ method }) => method === "views.publish"));
});

test("a home that was opened before a restart follows changes after it", async () => {
  await opened("manager");
  assert.doesNotMatch(homeOf("manager"), /"approve"/);
  await world.restart();
  await asked("order parts for 55 widgets");
  await until(() => /"approve"/.test(homeOf("manager")), "the approval on the home");
});
