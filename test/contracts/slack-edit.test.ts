import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { PlanEditing } from "../../src/edit-types.ts";
import { recordedEdits } from "../fakes/recorded-edits.ts";
import { until } from "../fakes/manual-time.ts";
import type { MessagePlace } from "../fakes/slack/acts.ts";
import type { Inputs } from "../fakes/slack/element-state.ts";
import { slackWorld, type SlackWorld } from "../fakes/slack-world.ts";

/** Changing a plan in Slack, through the real bolt: `/countersign edit ID FIELD VALUE … [yes]`, and the form. */

let world: SlackWorld;
const { inbox, edits, previews } = recordedEdits();
before(async () => {
  world = await slackWorld({ approvals: "C0ORDERS01" });
  Object.assign(world.office.inbox, inbox);
});
after(() => world.stop());

const said = async (name: string, line: string): Promise<string> =>
  JSON.stringify(await world.slack.user(name).runs(line, "general"));

test("what may be changed, then what a change would do, then the change, once per command", async () => {
  assert.match(await said("manager", "/countersign edit"), /Which one\? .*edit ID FIELD VALUE/);
  assert.match(
    await said("manager", "/countersign edit run1"),
    /Quantity: 50 \(1 to 100\).*Shipping: cheapest \(cheapest, fastest\)/,
  );
  const preview = await said("manager", "/countersign edit run1 quantity 60");
  assert.match(preview, /Quantity: 50 → 60.*withdrawn.*only after the checks.*edit run1 quantity 60 yes/);
  assert.deepEqual([previews.length, edits.length], [1, 0]);
  assert.match(await said("manager", "/countersign edit run1 quantity 60 yes"), /run1 is planned anew/);
  const [edit] = edits;
  assert.deepEqual(
    [edit?.approval, edit?.person, edit?.changes, edit?.adapter],
    ["run1", "manager", { quantity: "60" }, "slack"],
  );
  assert.match(edit?.account ?? "", /^slack:/);
  await said("manager", "/countersign edit run1 quantity 61 yes");
  assert.notEqual(edits[0]?.key, edits[1]?.key);
});

test("bad words, people without the right and strangers are told why, and nothing is changed", async () => {
  const before = edits.length;
  assert.match(
    await said("manager", "/countersign edit run1 price 3 yes"),
    /price.* is not known: expected quantity/,
  );
  assert.equal(edits.length, before);
  assert.match(await said("employee", "/countersign edit run1 quantity 60 yes"), /needs manager/);
  assert.match(await said("admin", "/countersign edit run1 quantity 60 yes"), /Refused/);
  assert.match(edits.at(-1)?.person ?? "", /^slack:/, "the account, which is nobody's id");
});

/** An open card in the channel of approvals, and what was told of edits since. */
async function card() {
  const before = world.office.runs.size;
  world.slack.user("employee").says("general", "@countersign order parts for 50 widgets");
  await until(() => world.office.runs.size > before, "a run");
  const run = [...world.office.runs.keys()].at(-1) ?? "";
  const recorded = recordedEdits({ run, allFields: true });
  Object.assign(world.office.inbox, recorded.inbox);
  await world.office.openApproval(run);
  const ts = world.slack.workspace.messages("C0ORDERS01").at(-1)?.ts ?? "";
  const place: MessagePlace = { channel: "C0ORDERS01", ts };
  const value = JSON.stringify(world.slack.workspace.message(place.channel, ts)?.blocks);
  assert.match(value, /"action_id":"edit"/);
  return { ...recorded, run, place };
}
const shown = (name = "manager"): string => JSON.stringify(world.slack.user(name).modal?.blocks ?? []);
const submitLabel = () => JSON.stringify(world.slack.user("manager").modal?.body["submit"] ?? "");
const errorsAnswered = (payload: unknown) => (payload as { errors?: Record<string, string> }).errors ?? {};
async function opened(place: MessagePlace): Promise<void> {
  const manager = world.slack.user("manager");
  const before = manager.modal?.id;
  assert.equal((await manager.clicks(place, "edit")).ok, true);
  await until(() => manager.modal?.id !== before && shown().includes('"edit-quantity"'), "the form");
}
async function submitted(inputs: Inputs = {}): Promise<unknown> {
  const seen = await world.slack.user("manager").submits(inputs);
  assert.ok(seen.ok, JSON.stringify(seen));
  return seen.payload;
}

test("the form has what may be changed; it shows first what would change, then changes it once", async () => {
  const { run, place, edits, previews } = await card();
  await opened(place);
  for (const text of [
    "Buy only from",
    "1 to 100",
    "10 to 40",
    "checkboxes",
    "multi_static_select",
    "part-29",
  ]) {
    assert.ok(shown().includes(text), text);
  }
  assert.match(submitLabel(), /Preview/);
  const inputs = {
    quantity: "60",
    suppliers: ["beta"],
    leaveOut: ["part-3", "part-1"],
    marginPercent: "22.5",
  };
  await submitted(inputs);
  assert.match(shown(), /What would change.*50 → 60.*alpha, beta → beta.*18 → 22.5.*part-1, part-3/);
  assert.match(shown(), /withdrawn.*only after the checks/);
  assert.match(submitLabel(), /Change the plan/);
  assert.deepEqual([edits.length, previews.length], [0, 1]);

  await submitted({ quantity: "61" });
  assert.match(shown(), /50 → 61/, "other values are shown first, too");
  assert.equal(edits.length, 0);
  await submitted();
  assert.match(shown(), /is planned anew/);
  const { approval, person, planHash, adapter, account, changes } = edits[0] ?? {};
  assert.deepEqual([approval, person, planHash, adapter], [`a-${run}`, "manager", "3f".repeat(32), "slack"]);
  assert.match(account ?? "", /^slack:/);
  assert.deepEqual(changes, {
    quantity: "61",
    suppliers: ["beta"],
    shipping: "cheapest",
    marginPercent: "22.5",
    leaveOut: ["part-1", "part-3"],
  });
});

test("wrong values are said at their field, and the form stays", async () => {
  const { place, edits } = await card();
  await opened(place);
  const answers = [
    { inputs: { quantity: "101" }, field: "edit-quantity", why: /101, expected 1 to 100/ },
    { inputs: { quantity: "50", suppliers: [] }, field: "edit-suppliers", why: /at least one supplier/ },
    { inputs: { suppliers: ["beta"], marginPercent: "9" }, field: "edit-marginPercent", why: /10 to 40/ },
    {
      inputs: { marginPercent: "18", suppliers: ["alpha", "beta"] },
      field: "edit-quantity",
      why: /nothing is changed/,
    },
  ];
  for (const { inputs, field, why } of answers) {
    const errors = errorsAnswered(await submitted(inputs));
    assert.deepEqual(Object.keys(errors), [field]);
    assert.match(errors[field] ?? "", why);
  }
  const both = errorsAnswered(await submitted({ quantity: "0", marginPercent: "41" }));
  assert.deepEqual(both, {
    "edit-quantity": "0, expected 1 to 100",
    "edit-marginPercent": "41, expected 10 to 40",
  });
  assert.ok(shown().includes('"edit-quantity"'));
  assert.equal(edits.length, 0);
});

test("the plan changed meanwhile: said so, the form stands on the new plan, and what was entered is kept", async () => {
  const { run, place, edits, moveOn } = await card();
  await opened(place);
  await submitted({ quantity: "60", marginPercent: "25" });
  moveOn("new-plan");
  await submitted();
  assert.match(shown(), /Nothing was changed: .*withdrawn.*there is another plan/);
  assert.match(shown(), /"initial_value":"60".*"initial_value":"25"/);
  assert.match(submitLabel(), /Preview/);
  await submitted();
  assert.match(shown(), /70 → 60.*18 → 25/);
  await submitted();
  assert.match(shown(), /is planned anew/);
  assert.deepEqual(
    edits.map(({ approval }) => approval),
    [`a-${run}`, `b-${run}`],
  );
});

test("decided meanwhile: said so, with what was entered", async () => {
  const { place, edits, moveOn } = await card();
  await opened(place);
  moveOn("decided");
  await submitted({ quantity: "60" });
  assert.match(shown(), /Nothing was changed: .*withdrawn.*You had entered: quantity 60/);
  assert.equal(edits.length, 0);
});

test("an edit that takes too long is not acknowledged; the same form sent again is the same edit", async () => {
  const { place, edits } = await card();
  await opened(place);
  await submitted({ quantity: "60" });
  const office = { ...world.office.inbox };
  const { promise, resolve } = Promise.withResolvers<void>();
  Object.assign(world.office.inbox, {
    edit: async (editing: PlanEditing) => {
      const outcome = await office.edit(editing);
      await promise;
      return outcome;
    },
  });
  const first = world.slack.user("manager").submits();
  await until(() => edits.length === 1, "the edit");
  await world.time.advance(3_000);
  assert.equal((await first).ok, false);
  resolve();
  await submitted();
  assert.equal(edits[0]?.key, edits[1]?.key);
  assert.match(shown(), /is planned anew/);
});

test("who may not change the plan is told so, strangers too", async () => {
  const { place, edits } = await card();
  await world.slack.user("manager-2").clicks(place, "edit");
  await until(() => /Not possible: changing plans needs manager/.test(shown("manager-2")), "why not");
  await world.slack.user("admin").clicks(place, "edit");
  await until(() => /not linked/.test(shown("admin")), "who they are");
  assert.equal(edits.length, 0);
});
