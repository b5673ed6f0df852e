import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../fakes/manual-time.ts";
import { slackWorld, type SlackWorld } from "../fakes/slack-world.ts";

/** `/countersign reject ID`, through the real bolt. */

let world: SlackWorld;
before(async () => {
  world = await slackWorld();
});
after(() => world.stop());

/** A request by the employee whose plan waits for a manager. */
async function asked() {
  const before = world.office.runs.size;
  world.slack.user("employee").says("general", "@countersign order parts for 50 widgets");
  await until(() => world.office.runs.size > before, "a run");
  const run = [...world.office.runs.keys()].at(-1) ?? "";
  await world.office.openApproval(run);
  return { approval: `a-${run}` };
}
const decisions = (approval: string) => world.office.decisions.filter((each) => each.approval === approval);
const modalOf = (name: string) => JSON.stringify(world.slack.user(name).modal?.blocks ?? []);
const whispered = (user: string) =>
  world.slack.workspace.ephemerals.filter((each) => each.user === user).map((each) => each.text);

test("/countersign reject ID asks for the reason in a view, which opens before anything is looked up", async () => {
  const { approval } = await asked();
  const manager = world.slack.user("manager-2");
  const calls = world.slack.calls.length;
  assert.equal((await manager.runs(`/countersign reject ${approval}`, "general")).ok, true);
  await until(() => modalOf("manager-2").includes("plain_text_input"), "the question");
  assert.equal(world.slack.calls[calls]?.method, "views.open");
  assert.equal(decisions(approval).length, 0);
  assert.equal((await manager.submits({ text: "too dear" })).ok, true);
  assert.deepEqual(
    decisions(approval).map(({ person, verdict, reason }) => [person, verdict, reason]),
    [["manager-2", "rejected", "too dear"]],
  );
});

test("where the view of /countersign reject ID does not open, it says what to write; strangers see why not", async () => {
  const { approval } = await asked();
  world.slack.faults.api("views.open", { kind: "error", error: "expired_trigger_id" }, 1);
  await world.slack.user("manager").runs(`/countersign reject ${approval}`, "general");
  await until(() => whispered("U0MANAGER1").some((text) => /reject ID REASON/.test(text)), "what to write");
  await world.slack.user("admin").runs(`/countersign reject ${approval}`, "general");
  await until(() => /not linked/.test(modalOf("admin")), "why not");
  assert.equal(decisions(approval).length, 0);
});
