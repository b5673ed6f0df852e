import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { ManualTime, until } from "../../../fakes/manual-time.ts";
import { asFields } from "../../../fakes/slack/model.ts";
import type { FakeSlack } from "../../../fakes/slack/start-slack.ts";
import { startSlack } from "../../../fakes/slack/start-slack.ts";
import { call, RawApp } from "./raw-app.ts";

const orders = "C0ORDERS01";
const minute = 60_000;

async function slackTest(run: (slack: FakeSlack, time: ManualTime) => Promise<void>): Promise<void> {
  const time = new ManualTime();
  const slack = await startSlack({ clock: time, timers: time });
  try {
    await run(slack, time);
  } finally {
    await slack.stop();
  }
}
const retries = (app: RawApp) => app.envelopes.map((each) => [each["retry_attempt"], each["retry_reason"]]);
const eventIds = (app: RawApp) => app.envelopes.map((each) => asFields(each["payload"])?.["event_id"]);
const mention = (slack: FakeSlack, text = "order") =>
  slack.user("employee").says("orders", `@countersign ${text}`);
/** Deliveries of which Slack knows the end. */
const settled = (slack: FakeSlack) => slack.deliveries.filter((each) => each.outcome !== "waiting").length;
/** Only mentions count in these tests: the same text also comes as a message event. */
const onlyMentions = (slack: FakeSlack) => slack.workspace.app.events.delete("message.channels");

test("hello counts the connections; the eleventh is turned away; a ticket is for one connection", async () => {
  await slackTest(async (slack) => {
    const first = await RawApp.connect(slack);
    assert.deepEqual(
      [first.typeOf(0), first.frames[0]?.["num_connections"], first.frames[0]?.["connection_info"]],
      ["hello", 1, { app_id: slack.workspace.app.id }],
    );
    slack.sockets.haunt(8);
    assert.equal((await RawApp.connect(slack)).frames[0]?.["num_connections"], 10);
    const late = await RawApp.connect(slack);
    assert.deepEqual([late.typeOf(0), late.frames[0]?.["reason"]], ["disconnect", "too_many_websockets"]);
    const { url } = await call(slack, "apps.connections.open", {}, slack.appToken);
    const spend = async () => (await fetch(String(url).replace(/^ws/, "http"))).status;
    assert.equal(await spend(), 404);
  });
});

test("an event nobody acknowledges comes again at once, after one minute and after five, then no more", async () => {
  await slackTest(async (slack, time) => {
    onlyMentions(slack);
    const app = await RawApp.connect(slack);
    app.answer = () => undefined;
    mention(slack);
    await until(() => app.envelopes.length === 1, "the event");
    await time.advance(3_000);
    await until(() => app.envelopes.length === 2, "the retry at once");
    await time.advance(3_000 + minute);
    await until(() => app.envelopes.length === 3, "the retry after a minute");
    await time.advance(3_000 + 5 * minute);
    await until(() => app.envelopes.length === 4, "the retry after five minutes");
    await time.advance(60 * minute);
    assert.deepEqual(retries(app), [
      [0, ""],
      [1, "timeout"],
      [2, "timeout"],
      [3, "timeout"],
    ]);
    assert.equal(new Set(eventIds(app)).size, 1);
    assert.equal(slack.deliveries.length, 4);
  });
});

test("an event while the app is away is retried and reaches it when it is back", async () => {
  await slackTest(async (slack, time) => {
    onlyMentions(slack);
    mention(slack);
    const app = await RawApp.connect(slack);
    await time.advance(minute);
    await until(() => app.envelopes.length === 1, "the retry");
    assert.deepEqual(retries(app), [[2, "connection_failed"]]);
  });
});

test("a click or a command that is not acknowledged in three seconds failed before the user's eyes, for good", async () => {
  await slackTest(async (slack, time) => {
    const app = await RawApp.connect(slack);
    app.answer = () => undefined;
    const command = slack.user("manager").runs("/countersign status", "orders");
    await until(() => app.envelopes.length === 1, "the command");
    await time.advance(3_000);
    assert.deepEqual(await command, {
      ok: false,
      error: "operation_timeout",
      text: '/countersign failed with the error "operation_timeout"',
    });
    await time.advance(60 * minute);
    assert.equal(app.envelopes.length, 1);
    assert.equal(slack.failures.length, 1);
    const late = app.envelopes[0];
    assert.ok(late !== undefined);
    app.acknowledge(late);
    app.socket.terminate();
    await slack.until(() => slack.sockets.connections.length === 0, "gone");
    const nobody = await slack.user("manager").runs("/countersign status", "orders");
    assert.equal(nobody.ok ? "" : nobody.error, "dispatch_failed");
  });
});

test("payloads go to any connection in turn, ghosts and swallowing ones too", async () => {
  await slackTest(async (slack, time) => {
    const [one, two] = [await RawApp.connect(slack), await RawApp.connect(slack)];
    const runs = () => slack.user("manager").runs("/countersign status", "orders");
    await runs();
    await runs();
    assert.deepEqual([one.envelopes.length, two.envelopes.length], [1, 1]);
    slack.sockets.connections[0]?.swallow();
    const swallowed = Promise.all([runs(), runs()]);
    await slack.until(() => settled(slack) === 3, "the one that arrives");
    await time.advance(3_000);
    assert.deepEqual((await swallowed).map((each) => each.ok).sort(), [false, true]);
    slack.sockets.connections[1]?.ghost();
    await once(two.socket, "close");
    assert.equal(slack.sockets.connections.length, 2);
    slack.sockets.connections[1]?.forget();
    assert.equal(slack.sockets.connections.length, 1);
  });
});

test("the same event eleven times with ids of their own, late, in reverse order, lost, and its acknowledgement lost", async () => {
  await slackTest(async (slack, time) => {
    onlyMentions(slack);
    const app = await RawApp.connect(slack);
    const texts = () => app.events.map((each) => String(each["text"]).replace(/^\S+ /, ""));
    slack.faults.delivery("app_mention", { kind: "duplicate", times: 11 });
    mention(slack);
    await until(() => app.envelopes.length === 11, "eleven deliveries");
    assert.equal(new Set(eventIds(app)).size, 11);
    assert.equal(new Set(app.events.map((each) => each["ts"])).size, 1);

    app.frames.length = 0;
    slack.faults.delivery("app_mention", { kind: "hold" }, 3);
    ["a", "b", "c"].forEach((text) => mention(slack, text));
    slack.release();
    await until(() => app.envelopes.length === 3, "what was held");
    assert.deepEqual(texts(), ["c", "b", "a"]);

    app.frames.length = 0;
    slack.faults.delivery("app_mention", { kind: "delay", ms: 5_000 });
    mention(slack, "late");
    mention(slack, "soon");
    await slack.until(() => settled(slack) === 15, "the one in time");
    await time.advance(5_000);
    await slack.until(() => settled(slack) === 16, "the late one");
    assert.deepEqual(texts(), ["soon", "late"]);

    app.frames.length = 0;
    slack.faults.delivery("app_mention", { kind: "lost-ack" });
    mention(slack, "twice");
    await until(() => app.envelopes.length === 1, "the first");
    await time.advance(3_000);
    await until(() => app.envelopes.length === 2, "the retry");
    slack.faults.delivery("interactive", { kind: "cut" });
    const { ts } = await call(slack, "chat.postMessage", {
      channel: orders,
      text: "card",
      blocks: [
        {
          type: "actions",
          elements: [{ type: "button", action_id: "go", text: { type: "plain_text", text: "Go" } }],
        },
      ],
    });
    const click = slack.user("manager").clicks({ channel: orders, ts: String(ts) }, "go");
    await once(app.socket, "close");
    await time.advance(3_000);
    assert.equal((await click).ok, false);
  });
});

test("Slack ends connections: a warning ten seconds ahead, a refresh, a disabled link", async () => {
  await slackTest(async (slack, time) => {
    const app = await RawApp.connect(slack);
    slack.sockets.connections[0]?.disconnect("warning");
    await until(() => app.frames.length === 2, "the warning");
    assert.deepEqual([app.typeOf(1), app.frames[1]?.["reason"]], ["disconnect", "warning"]);
    assert.equal(app.socket.readyState, app.socket.OPEN);
    const closed = once(app.socket, "close");
    await time.advance(10_000);
    await closed;
    const other = await RawApp.connect(slack);
    const refreshed = once(other.socket, "close");
    slack.sockets.connections.at(-1)?.disconnect("refresh_requested");
    await refreshed;
    assert.equal(other.frames[1]?.["reason"], "refresh_requested");
    const third = await RawApp.connect(slack);
    await time.advance(18_060_000);
    await until(() => third.frames.length === 2, "the end of its time");
  });
});

test("a trigger opens one view within three seconds; a modal holds three; an old hash is refused", async () => {
  await slackTest(async (slack, time) => {
    const app = await RawApp.connect(slack);
    const triggerOf = (index: number) => asFields(app.envelopes[index]?.["payload"])?.["trigger_id"];
    const view = { type: "modal", title: { type: "plain_text", text: "Plan" }, blocks: [actionsBlock] };
    const open = (trigger_id: unknown, method = "views.open") => call(slack, method, { trigger_id, view });
    const manager = slack.user("manager");
    await manager.runs("/countersign status", "orders");
    assert.equal((await open("1.2.abc"))["error"], "invalid_trigger_id");
    const opened = await open(triggerOf(0));
    assert.equal(opened["ok"], true);
    assert.equal((await open(triggerOf(0)))["error"], "exchanged_trigger_id");
    await manager.clicks("modal", "more");
    assert.equal((await open(triggerOf(1), "views.push"))["ok"], true);
    await manager.clicks("modal", "more");
    assert.equal((await open(triggerOf(2), "views.push"))["ok"], true);
    await manager.clicks("modal", "more");
    assert.equal((await open(triggerOf(3), "views.push"))["error"], "push_limit_reached");
    const root = asFields(opened["view"]) ?? {};
    const update = (hash: unknown) => call(slack, "views.update", { view_id: root["id"], hash, view });
    assert.equal((await update(root["hash"]))["ok"], true);
    assert.equal((await update(root["hash"]))["error"], "hash_conflict");
    await manager.closes();
    await manager.runs("/countersign status", "orders");
    await time.advance(3_001);
    assert.equal((await open(triggerOf(4)))["error"], "expired_trigger_id");
  });
});
const actionsBlock = {
  type: "actions",
  elements: [{ type: "button", action_id: "more", text: { type: "plain_text", text: "More" } }],
};

test("a response_url answers five times within thirty minutes", async () => {
  await slackTest(async (slack, time) => {
    const app = await RawApp.connect(slack);
    const manager = slack.user("manager");
    await manager.runs("/countersign status", "general");
    const respond = async (index: number, body: unknown) => {
      const commands = app.envelopes.filter((each) => each["type"] === "slash_commands");
      const url = asFields(commands[index]?.["payload"])?.["response_url"];
      const response = await fetch(String(url), { method: "POST", body: JSON.stringify(body) });
      return `${response.status} ${await response.text()}`;
    };
    for (let count = 0; count < 4; count += 1) {
      assert.equal(await respond(0, { text: "yours only" }), "200 ok");
    }
    assert.equal(await respond(0, { response_type: "in_channel", text: "for all" }), "200 ok");
    assert.match(await respond(0, { text: "a sixth" }), /^404 .*used_url/);
    assert.equal(manager.sees("general").length, 5);
    assert.equal(slack.user("employee").sees("general").length, 1);
    await manager.runs("/countersign status", "general");
    assert.equal(await respond(1, { blocks: [{ type: "section" }] }), "400 invalid_blocks");
    await time.advance(30 * minute + 1);
    assert.match(await respond(1, { text: "late" }), /^404 .*expired_url/);
  });
});
