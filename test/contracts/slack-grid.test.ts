import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { listMembers } from "../../adapters/slack/members.ts";
import type { Person } from "../../src/domain.ts";
import type { MessagePlace } from "../fakes/slack/acts.ts";
import { until } from "../fakes/manual-time.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { slackWorld, type SlackWorld, team } from "../fakes/slack-world.ts";

/**
 * Our workspace in an organisation of several (Enterprise Grid), through the real bolt: users have one id in all of
 * them, and may be members of ours, of others, or of both.
 */

const sister = "T0SISTER01";
let world: SlackWorld;
const linked = (id: string, user: string): Person => ({
  id,
  name: id,
  roles: ["manager"],
  active: true,
  accounts: [`slack:${team}/${user}`],
});

before(async () => {
  world = await slackWorld({
    approvals: "C0ORDERS01",
    enterprise: { id: "E0SANDBOX1", name: "Sandbox Holding" },
  });
  const { workspace } = world.slack;
  workspace.addUser({ id: "W0LOCAL001", name: "local" });
  workspace.addUser({ id: "W0BOTH0001", name: "both", teamId: sister, orgTeams: [sister, team] });
  workspace.addUser({ id: "W0SISTER01", name: "sister", teamId: sister, orgTeams: [sister] });
  // Says that it is ours, but the list of the user's workspaces does not.
  workspace.addUser({ id: "W0MOVED001", name: "moved", teamId: team, orgTeams: [sister] });
  for (const user of ["W0LOCAL001", "W0BOTH0001", "W0SISTER01", "W0MOVED001"]) {
    workspace.channelBy("orders")?.members.add(user);
  }
  // The last two by mistake.
  world.office.people = [
    ...world.office.people,
    linked("local", "W0LOCAL001"),
    linked("both", "W0BOTH0001"),
    linked("sister", "W0SISTER01"),
    linked("moved", "W0MOVED001"),
  ];
});
after(() => world.stop());

const whispered = (user: string, text: RegExp) =>
  until(
    () => world.slack.workspace.ephemerals.some((each) => each.user === user && text.test(each.text)),
    `a refusal for ${user}`,
  );
async function openApproval(): Promise<{ readonly approval: string; readonly card: MessagePlace }> {
  const count = world.office.runs.size;
  world.slack.user("employee").says("orders", "@countersign order parts for 5 widgets");
  await until(() => world.office.runs.size > count, "a run");
  const run = [...world.office.runs.keys()].at(-1) ?? "";
  await world.office.openApproval(run);
  const posted = world.slack.workspace
    .messages("C0ORDERS01")
    .findLast((each) => JSON.stringify(each.blocks).includes('"approve"'));
  return { approval: `a-${run}`, card: { channel: "C0ORDERS01", ts: posted?.ts ?? "" } };
}

test("lesson 17: members of our workspace ask and decide, also those who belong to another one as well", async () => {
  for (const name of ["local", "both"]) {
    const count = world.office.requests.length;
    world.slack.user(name).says("orders", `@countersign order parts for ${name}`);
    await until(() => world.office.requests.length > count, "the request");
    assert.equal(world.office.requests.at(-1)?.person, name);
    const { approval, card } = await openApproval();
    assert.equal((await world.slack.user(name).clicks(card, "approve")).ok, true);
    const decision = world.office.decisions.find((each) => each.approval === approval);
    const { id } = world.slack.workspace.userBy(name) ?? {};
    assert.deepEqual([decision?.person, decision?.account], [name, `slack:${team}/${id}`]);
  }
});

test("lesson 17: colleagues of another workspace of the organisation are refused and recorded, whoever they are linked to", async () => {
  for (const [name, user] of [
    ["sister", "W0SISTER01"],
    ["moved", "W0MOVED001"],
  ] as const) {
    const { approval, card } = await openApproval();
    const requests = world.office.requests.length;
    world.slack.user(name).says("orders", "@countersign order parts for 6 widgets");
    await whispered(user, /other organisations/);
    await world.slack.user(name).clicks(card, "approve");
    await world.slack.user(name).runs(`/countersign approve ${approval}`, "orders");
    assert.equal(world.office.requests.length, requests);
    assert.deepEqual(
      world.office.decisions.filter((each) => each.approval === approval),
      [],
    );
    assert.ok(world.office.strangers.filter((each) => each.endsWith(`/${user}`)).length >= 3);
    world.slack.user(name).opensHome();
    const home = () => JSON.stringify(world.slack.user(name).home?.blocks ?? []);
    await until(() => home() !== "[]", "the home");
    assert.match(home(), /other organisations/);
  }
});

test("the list for linking people names members of our workspace by their id in it, the others as external", async () => {
  const settings = {
    botToken: world.slack.botToken,
    appToken: world.slack.appToken,
    apiUrl: world.slack.apiUrl,
    approvals: undefined,
  };
  const members = await listMembers(settings, {
    clock: { now: () => Date.now() },
    after: () => () => undefined,
    log: silentLogger,
  });
  const kinds = (user: string) =>
    members.filter(({ account }) => account.endsWith(user)).map(({ account, kind }) => [account, kind]);
  assert.deepEqual(kinds("W0LOCAL001"), [[`slack:${team}/W0LOCAL001`, "member"]]);
  assert.deepEqual(kinds("W0BOTH0001"), [[`slack:${team}/W0BOTH0001`, "member"]]);
  assert.deepEqual(kinds("W0SISTER01"), [[`slack:${sister}/W0SISTER01`, "external"]]);
  assert.deepEqual(kinds("W0MOVED001")[0]?.[1], "external");
});
