import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Card } from "../../src/card.ts";
import { listMembers } from "../../adapters/slack/members.ts";
import { until } from "../fakes/manual-time.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { slackWorld, type SlackWorld, team } from "../fakes/slack-world.ts";

/** What the adapter writes to Slack, through its real client. */

let world: SlackWorld;
before(async () => {
  world = await slackWorld({ approvals: "C0ORDERS01" });
});
after(() => world.stop());

const card = (title: string): Card => ({
  kind: "notice",
  run: null,
  title,
  text: "x",
  tone: "neutral",
  facts: [],
  steps: [],
  tables: [],
  plan: null,
  approval: null,
  undo: null,
  options: [],
});
const channel = `slack:${team}/C0ORDERS01` as const;
const find = (key: string) => world.adapter.find?.(channel, key);
const callsOf = (method: string) => world.slack.calls.filter((call) => call.method === method);

test("lesson 4: nothing that is posted is unfurled, linked or read as a mention", async () => {
  await world.adapter.post(channel, card("<!channel> https://example.org/approve @manager"), { key: "k1" });
  const args = callsOf("chat.postMessage").at(-1)?.args;
  assert.deepEqual(
    [args?.["unfurl_links"], args?.["unfurl_media"], args?.["parse"], args?.["link_names"]].map(String),
    ["false", "false", "none", "false"],
  );
  assert.doesNotMatch(world.slack.workspace.messages("C0ORDERS01").at(-1)?.text ?? "", /<!channel>/);
});

test("lesson 15: a post whose answer was lost is found by its marker, in channels, threads and direct messages", async () => {
  world.slack.faults.api("chat.postMessage", { kind: "lost-answer" });
  await assert.rejects(world.adapter.post(channel, card("lost"), { key: "k2" }), {
    code: "slack-unavailable",
  });
  const posted = world.slack.workspace.messages("C0ORDERS01").at(-1);
  assert.equal(await find("k2"), `C0ORDERS01/${posted?.ts}`);
  assert.equal(await find("k3"), undefined);
  const thread = `${channel}/${posted?.ts ?? ""}` as const;
  const reply = await world.adapter.post(thread, card("reply"), { key: "k4" });
  assert.equal(await world.adapter.find?.(thread, "k4"), reply);
  const own = `slack:${team}/@U0MANAGER1` as const;
  const direct = await world.adapter.post(own, card("direct"), { key: "k5" });
  assert.equal(await world.adapter.find?.(own, "k5"), direct);
});

test("lesson 15: our marker under another's message is not ours", async () => {
  const { workspace } = world.slack;
  const forged = world.slack.user("manager").says("orders", "forged");
  const message = workspace.message(forged.channel, forged.ts);
  assert.ok(message);
  message.metadata = { event_type: "countersign_card", event_payload: { key: "k6" } };
  assert.equal(await find("k6"), undefined);
});

test("a message that is gone is said to be gone; a channel that cannot be used is an error with a code", async () => {
  const message = await world.adapter.post(channel, card("gone soon"), { key: "k7" });
  assert.equal(await world.adapter.update(message, card("changed")), "ok");
  world.slack.faults.api("chat.update", { kind: "error", error: "message_not_found" });
  assert.equal(await world.adapter.update(message, card("again")), "gone");
  for (const [error, code] of [
    ["is_archived", "slack-channel-unusable"],
    ["not_in_channel", "slack-channel-unusable"],
    ["token_revoked", "slack-token-refused"],
    ["missing_scope", "slack-scope-missing"],
    ["fatal_error", "slack-unavailable"],
    ["something_new", "slack-refused"],
  ] as const) {
    world.slack.faults.api("chat.postMessage", { kind: "error", error });
    await assert.rejects(world.adapter.post(channel, card("x"), { key: "k8" }), { code }, error);
  }
  world.slack.faults.api("chat.postMessage", { kind: "ratelimited", seconds: 7 });
  await assert.rejects(world.adapter.post(channel, card("x"), { key: "k9" }), {
    code: "rate-limited",
    retryAfterMs: 7_000,
  });
});

test("a whisper reaches the person where they are, else in direct messages", async () => {
  const manager = world.office.people.find(({ id }) => id === "manager");
  assert.ok(manager);
  await world.adapter.whisper(channel, manager, "only for you");
  assert.ok(
    world.slack.workspace.ephemerals.some(
      ({ user, text }) => user === "U0MANAGER1" && /only for you/.test(text),
    ),
  );
  world.slack.faults.api("chat.postEphemeral", { kind: "error", error: "user_not_in_channel" });
  await world.adapter.whisper(channel, manager, "still for you");
  assert.match(world.slack.user("manager").sees("@countersign").at(-1)?.text ?? "", /still for you/);
});

test("a channel of approvals that Slack does not let us write in is told by the status, until it does", async () => {
  world.slack.faults.api("chat.postMessage", { kind: "error", error: "not_in_channel" });
  await assert.rejects(world.adapter.post(channel, card("approve"), { key: "k9" }), {
    code: "slack-channel-unusable",
  });
  assert.match(world.adapter.status().text, /^connected, but .* C0ORDERS01$/);
  assert.equal(world.adapter.status().ok, false);
  await world.adapter.post(channel, card("approve"), { key: "k9" });
  assert.match(world.adapter.status().text, /^connected: 2 sockets/);
  assert.equal(world.adapter.status().ok, true);
});

test("a bot token that is revoked or loses a scope during work is told by the status, until cards are taken", async () => {
  const message = await world.adapter.post(channel, card("revoked"), { key: "k10" });
  for (const [error, code] of [
    ["token_revoked", "slack-token-refused"],
    ["missing_scope", "slack-scope-missing"],
  ] as const) {
    world.slack.faults.api("chat.update", { kind: "error", error });
    await assert.rejects(world.adapter.update(message, card("revoked")), { code });
    assert.equal(world.adapter.status().text, `connected, but Slack takes no cards: ${code}`);
    assert.equal(await world.adapter.update(message, card("revoked")), "ok");
    assert.match(world.adapter.status().text, /^connected: 2 sockets/);
  }
});

test("approvals stand in the channel and with those who decide; without either, with the requester alone", async () => {
  const { people } = world.office;
  const run = { thread: "console:employee-1", requester: "employee" } as const;
  const deciders = people.filter(({ id }) => id === "manager" || id === "manager-2");
  assert.deepEqual(world.adapter.approvalPlaces?.(run, deciders), [
    channel,
    `slack:${team}/@U0MANAGER1`,
    `slack:${team}/@U0MANAGER2`,
  ]);
  const bare = await slackWorld();
  const own = { thread: `slack:${team}/C0GENERAL1/1.2`, requester: "employee" } as const;
  try {
    assert.deepEqual(bare.adapter.approvalPlaces?.(own, []), [`slack:${team}/@U0EMPLOYEE`]);
    assert.deepEqual(bare.adapter.approvalPlaces?.(run, []), []);
  } finally {
    await bare.stop();
  }
});

test("lesson 1: connections that are cut, haunted or asked to leave: clicks and messages go on", async () => {
  const count = () => world.office.requests.length;
  const before = count();
  world.slack.sockets.connections[0]?.disconnect("refresh_requested");
  await until(() => world.slack.sockets.connections.length >= 2, "another connection");
  world.slack.user("employee").says("@countersign", "one");
  // It may have gone to the connection that was just closed: then Slack sends it again.
  await until(async () => {
    await world.time.advance(1_000);
    return count() === before + 1;
  }, "a request");
  const cut = world.slack.sockets.connections;
  cut.forEach((each) => each.cut());
  world.slack.user("employee").says("@countersign", "two");
  // Slack's time is the test's, the adapter's is not: it is to be back before Slack gives up.
  await until(() => !world.slack.sockets.connections.some((each) => cut.includes(each)), "the cuts");
  await world.connected();
  await until(async () => {
    await world.time.advance(1_000);
    return count() === before + 2;
  }, "a request after the cut");
});

test("members are listed with what they are, page by page", async () => {
  const { slack } = world;
  const settings = {
    botToken: slack.botToken,
    appToken: slack.appToken,
    apiUrl: slack.apiUrl,
    approvals: undefined,
  };
  const members = await listMembers(settings, {
    clock: { now: () => Date.now() },
    after: () => () => undefined,
    log: silentLogger,
  });
  const kinds = Object.fromEntries(members.map(({ account, kind }) => [account.split("/")[1], kind]));
  assert.deepEqual(
    [kinds["U0EMPLOYEE"], kinds["U0LEFT0001"], kinds["U0GUEST001"], kinds["U0GUEST002"], kinds["U0BOT00001"]],
    ["member", "deactivated", "guest", "guest", "bot"],
  );
  assert.equal(members.find(({ name }) => name === "Erin Employee")?.email, "employee@countersign.example");
});
