import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { MessagePlace } from "../fakes/slack/acts.ts";
import { until } from "../fakes/manual-time.ts";
import { slackWorld, type SlackWorld, team } from "../fakes/slack-world.ts";

/** Clicks, views and commands in Slack, through the real bolt, to the inbox. */

let world: SlackWorld;
before(async () => {
  world = await slackWorld({ approvals: "C0ORDERS01" });
});
after(() => world.stop());

interface Asked {
  readonly run: string;
  readonly approval: string;
  /** The copy in the channel of approvals. */
  readonly card: MessagePlace;
}
/** A request by the employee whose plan waits for a manager. */
async function asked(): Promise<Asked> {
  const before = world.office.runs.size;
  world.slack.user("employee").says("general", "@countersign order parts for 50 widgets");
  await until(() => world.office.runs.size > before, "a run");
  const run = [...world.office.runs.keys()].at(-1) ?? "";
  await world.office.openApproval(run);
  const posted = world.slack.workspace.messages("C0ORDERS01").at(-1);
  return { run, approval: `a-${run}`, card: { channel: "C0ORDERS01", ts: posted?.ts ?? "" } };
}
const textOf = (place: MessagePlace) =>
  JSON.stringify(world.slack.workspace.message(place.channel, place.ts)?.blocks);
const hasButton = (place: MessagePlace) => textOf(place).includes('"approve"');
const modalOf = (name: string) => JSON.stringify(world.slack.user(name).modal?.blocks ?? []);
const decisions = (approval: string) => world.office.decisions.filter((each) => each.approval === approval);
const whispered = (user: string) =>
  world.slack.workspace.ephemerals.filter((each) => each.user === user).map((each) => each.text);

test("lesson 21: an approval stands in the channel and in the direct messages of all who may decide", async () => {
  const { card } = await asked();
  assert.ok(hasButton(card));
  for (const name of ["manager", "manager-2"]) {
    const own = world.slack.user(name).sees("@countersign").at(-1);
    assert.match(JSON.stringify(own?.blocks), /"approve"/);
  }
});

test("lessons 3 and 12: a click is acknowledged after its commit, and every copy is final", async () => {
  const { approval, card } = await asked();
  const seen = await world.slack.user("manager").clicks(card, "approve");
  assert.equal(seen.ok, true);
  const [decision] = decisions(approval);
  assert.deepEqual(
    [decision?.person, decision?.account, decision?.assurance, decision?.adapter],
    ["manager", `slack:${team}/U0MANAGER1`, "clicked", "slack"],
  );
  await until(() => !hasButton(card), "the channel's copy");
  for (const name of ["manager", "manager-2"]) {
    const own = world.slack.user(name).sees("@countersign").at(-1);
    assert.doesNotMatch(JSON.stringify(own?.blocks), /"approve"/);
    assert.match(JSON.stringify(own?.blocks), /Approved by manager/);
  }
});

test("lesson 9: two managers at once, and again: one decision counts, the others are told who was first", async () => {
  const { approval, card } = await asked();
  const own = world.slack.user("manager-2").sees("@countersign").at(-1);
  const second = { channel: own?.channel ?? "", ts: own?.ts ?? "" };
  const both = await Promise.all([
    world.slack.user("manager").clicks(card, "approve"),
    world.slack.user("manager-2").clicks(second, "approve"),
  ]);
  assert.deepEqual(
    both.map((each) => each.ok),
    [true, true],
  );
  assert.equal(decisions(approval).length, 1);
  await until(
    () =>
      [...whispered("U0MANAGER1"), ...whispered("U0MANAGER2")].some((text) =>
        /was approved by manager/.test(text),
      ),
    "who was first",
  );
});

test("lesson 1: a decision that is not committed in time is not acknowledged; the next click is answered from the record", async () => {
  const { approval, card } = await asked();
  let commit = () => {};
  world.office.hold = new Promise((resolve) => (commit = resolve));
  const first = world.slack.user("manager").clicks(card, "approve");
  await until(() => world.slack.deliveries.at(-1)?.outcome === "waiting", "the click");
  await world.time.advance(3_000);
  assert.equal((await first).ok, false, "Slack says that it failed");
  world.office.hold = null;
  commit();
  await until(() => decisions(approval).length === 1, "the late commit");
  await until(() => !hasButton(card), "the card");
});

test("lesson 16: Reject opens its view before anything else and asks for the reason", async () => {
  const { approval, card } = await asked();
  const calls = world.slack.calls.length;
  const manager = world.slack.user("manager");
  assert.equal((await manager.clicks(card, "reject")).ok, true);
  await until(() => modalOf("manager").includes("plain_text_input"), "the question");
  assert.equal(world.slack.calls[calls]?.method, "views.open");
  assert.equal((await manager.submits({ text: "too dear" })).ok, true);
  assert.deepEqual(
    decisions(approval).map(({ verdict, reason }) => [verdict, reason]),
    [["rejected", "too dear"]],
  );
  assert.equal(manager.modal, undefined);
  await until(() => textOf(card).includes("too dear"), "the reason on the card");
});

test("lesson 24: the hash of the plan that was shown goes with the click and with the reason", async () => {
  const { run, approval, card } = await asked();
  await world.slack.user("manager").clicks(card, "approve");
  const other = await asked();
  const manager = world.slack.user("manager");
  await manager.clicks(other.card, "reject");
  await until(() => modalOf("manager").includes("plain_text_input"), "the question");
  await manager.submits({ text: "too dear" });
  for (const each of [
    { run, approval },
    { run: other.run, approval: other.approval },
  ]) {
    const hash = world.office.runs.get(each.run)?.approvals[0]?.planHash;
    assert.match(hash ?? "", /^[0-9a-f]{64}$/);
    assert.equal(decisions(each.approval)[0]?.planHash, hash);
  }
});

test("lesson 16: a view that Slack does not open is told to who clicked, with another way", async () => {
  const { card } = await asked();
  world.slack.faults.api("views.open", { kind: "error", error: "expired_trigger_id" }, 1);
  assert.equal((await world.slack.user("manager").clicks(card, "reject")).ok, true);
  await until(() => whispered("U0MANAGER1").some((text) => text.includes("click again")), "the way out");
});

test("Details opens the plan to those who may see it, before and after the decision", async () => {
  const { run, card } = await asked();
  const manager = world.slack.user("manager");
  await manager.clicks(card, "details");
  await until(() => modalOf("manager").includes("3f3f3f"), "the plan");
  await manager.closes();
  await manager.clicks(card, "approve");
  await until(() => textOf(card).includes("Approved by manager"), "the outcome");
  await manager.clicks(card, "details");
  await until(() => modalOf("manager").includes("3f3f3f"), "the plan again");
  await manager.closes();
  const other = world.slack.user("employee-2");
  await other.clicks(card, "details");
  await until(() => modalOf("employee-2").includes("may not see"), "a refusal");
  assert.ok(run);
});

test("the plan file goes to the direct messages of who asks", async () => {
  const { card } = await asked();
  const manager = world.slack.user("manager");
  await manager.clicks(card, "details");
  await until(() => modalOf("manager").includes("plan-file"), "the view");
  assert.equal((await manager.clicks("modal", "plan-file")).ok, true);
  await until(() => world.slack.workspace.files.size > 0, "a file");
  const [file] = world.slack.workspace.files.values();
  await until(() => (file?.channels.size ?? 0) > 0, "a shared file");
  assert.match(file?.content?.toString("utf8") ?? "", /3f3f3f/);
  const direct = world.slack.workspace.directMessages("U0MANAGER1", "U0BOT00001");
  assert.deepEqual([...(file?.channels ?? [])], [direct.id]);
});

for (const [name, user, why] of [
  ["guest", "U0GUEST001", /Guests/],
  ["stranger", "U0STRANGER", /other organisations/],
  ["admin", "U0ADMIN001", /not linked/],
] as const) {
  test(`lesson 17: a click by ${name} is refused privately and recorded, whoever the account is linked to`, async () => {
    const { approval, card } = await asked();
    world.slack.workspace.channelBy("orders")?.members.add(user);
    const seen = await world.slack.user(name).clicks(card, "approve");
    assert.equal(seen.ok, true);
    assert.equal(decisions(approval).length, 0);
    assert.ok(world.office.strangers.some((each) => each.startsWith("slack:") && each.endsWith(`/${user}`)));
    await until(() => whispered(user).some((text) => why.test(text)), "a refusal");
    assert.ok(hasButton(card));
    const recorded = () => world.office.strangers.filter((each) => each.endsWith(`/${user}`)).length;
    const before = recorded();
    await world.slack.user(name).runs("/countersign runs", "orders");
    assert.equal(recorded(), before + 1, "looking is refused and recorded as well");
    await world.slack.user(name).clicks(card, "details");
    await until(() => recorded() === before + 2, "the refused look");
    await world.slack.user(name).closes();
  });
}

test("lesson 17: whoever left the company sees and decides nothing, though Slack still knows them", async () => {
  const { approval, card } = await asked();
  const { people } = world.office;
  world.office.people = people.map((each) => (each.id === "manager-2" ? { ...each, active: false } : each));
  try {
    const left = world.slack.user("manager-2");
    await left.clicks(card, "approve");
    await until(() => whispered("U0MANAGER2").some((text) => text.includes("Not counted")), "the refusal");
    assert.equal(decisions(approval).length, 0);
    for (const verb of ["status", "runs", "approvals", "agents"]) {
      const seen = await left.runs(`/countersign ${verb}`, "general");
      assert.match(JSON.stringify(seen), /not an active person/, verb);
    }
    await left.clicks(card, "details");
    await until(() => modalOf("manager-2").includes("may not see"), "nothing to see");
    await left.closes();
  } finally {
    world.office.people = people;
  }
});

test("lesson 17: while Slack does not say who somebody is, nobody is anybody", async () => {
  const { approval, card } = await asked();
  const visitor = world.slack.user("visitor");
  world.slack.faults.api("users.info", { kind: "error", error: "internal_error" }, 1);
  const clicking = visitor.clicks(card, "approve");
  await until(() => world.slack.calls.some((call) => call.args["user"] === "U0GUEST002"), "asked");
  await world.time.advance(3_000);
  assert.equal((await clicking).ok, false, "not acknowledged");
  assert.ok(!world.office.strangers.some((each) => each.endsWith("/U0GUEST002")));
  assert.equal((await visitor.clicks(card, "approve")).ok, true);
  assert.ok(world.office.strangers.some((each) => each.endsWith("/U0GUEST002")));
  assert.equal(decisions(approval).length, 0);
});

test("lesson 17: whom Slack deactivates or makes a guest counts no more from that moment, though known a moment ago", async () => {
  const { approval, card } = await asked();
  const manager = world.slack.user("manager-2");
  try {
    for (const [change, why] of [
      [{ deleted: true }, /deactivated/],
      [{ kind: "guest" }, /Guests/],
    ] as const) {
      assert.match(JSON.stringify(await manager.runs("/countersign status", "general")), /under way/);
      world.slack.changeUser("manager-2", change);
      await world.acknowledged();
      await manager.clicks(card, "approve");
      assert.equal(decisions(approval).length, 0);
      assert.match(JSON.stringify(await manager.runs("/countersign status", "general")), why);
      world.slack.changeUser("manager-2", { deleted: false, kind: "member" });
      await world.acknowledged();
    }
  } finally {
    world.slack.changeUser("manager-2", { deleted: false, kind: "member" });
    await world.acknowledged();
  }
  assert.ok(hasButton(card));
});

test("lesson 18: the requester is told why their own click does not count", async () => {
  const { approval, card } = await asked();
  await world.slack.user("employee").clicks(card, "approve");
  assert.equal(decisions(approval).length, 0);
  await until(() => whispered("U0EMPLOYEE").some((text) => text.includes("Not counted")), "the reason");
});

test("lesson 1: /countersign decides as well as a button does", async () => {
  const { approval } = await asked();
  const other = await asked();
  const manager = world.slack.user("manager");
  assert.equal((await manager.runs(`/countersign approve ${approval}`, "general")).ok, true);
  assert.equal(
    (await manager.runs(`/countersign reject ${other.approval} far too dear`, "general")).ok,
    true,
  );
  assert.equal(decisions(approval)[0]?.verdict, "approved");
  assert.equal(decisions(other.approval)[0]?.reason, "far too dear");
  for (const [line, answer] of [
    ["/countersign approvals", /a-run/],
    ["/countersign runs", /You have no requests yet/],
    ["/countersign status", /of your requests under way/],
    ["/countersign help", /Write what you need/],
    ["/countersign", /Write what you need/],
    ["/countersign __proto__", /Write what you need/],
    ["/countersign Reject", /Which one/],
    ["/countersign approve nonsense", /Not counted/],
    ["/countersign delegate", /delegate ID PERSON/],
    [`/countersign delegate ${other.approval} manager-2 8`, /Not handed on/],
  ] as const) {
    const seen = await manager.runs(line, "general");
    assert.match(JSON.stringify(seen), answer, line);
  }
  const stranger = await world.slack.user("admin").runs("/countersign approvals", "general");
  assert.match(JSON.stringify(stranger), /not linked/);
});

test("cancel is a button of the requester's card", async () => {
  const { run } = await asked();
  const view = world.office.runs.get(run);
  const [, channel = "", ts = ""] = (view?.run.thread ?? "").split("/");
  const card = world.slack.workspace.replies(channel, ts).at(0);
  await world.slack.user("employee").clicks({ channel, ts: card?.ts ?? "" }, "cancel");
  assert.ok(world.office.cancelled.includes(run));
});
