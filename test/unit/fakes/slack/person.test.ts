import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualTime, until } from "../../../fakes/manual-time.ts";
import type { Fields } from "../../../fakes/slack/model.ts";
import { asFields, asList } from "../../../fakes/slack/model.ts";
import type { FakeSlack, SlackOptions } from "../../../fakes/slack/start-slack.ts";
import { startSlack } from "../../../fakes/slack/start-slack.ts";
import { call, RawApp } from "./raw-app.ts";

async function slackTest(
  run: (slack: FakeSlack, app: RawApp) => Promise<void>,
  o: SlackOptions = {},
): Promise<void> {
  const time = new ManualTime();
  const slack = await startSlack({ clock: time, timers: time, ...o });
  try {
    await run(slack, await RawApp.connect(slack));
  } finally {
    await slack.stop();
  }
}
const payloads = (app: RawApp) => app.envelopes.map((each) => asFields(each["payload"]) ?? {});
const payloadOf = (app: RawApp, type: string) => payloads(app).find((each) => each["type"] === type) ?? {};
const button = (action_id: string, text: string) => ({
  type: "button",
  action_id,
  value: `${action_id}-value`,
  text: { type: "plain_text", text },
});

test("a mention comes as app_mention and as message; typed text is escaped; edits and deletions follow", async () => {
  await slackTest(async (slack, app) => {
    const employee = slack.user("employee");
    const said = employee.says("orders", "@countersign a < b & <!channel>");
    employee.edits(said, "never mind");
    employee.deletes(said);
    await until(() => app.events.length === 4, "four events");
    const [message, mention, changed, deleted] = app.events;
    assert.deepEqual([message?.["type"], message?.["channel_type"]], ["message", "channel"]);
    assert.equal(mention?.["type"], "app_mention");
    assert.equal(mention?.["text"], "<@U0BOT00001> a &lt; b &amp; <!channel>");
    assert.deepEqual(
      [mention?.["ts"], mention?.["user"], mention?.["team"]],
      [said.ts, "U0EMPLOYEE", "T0SANDBOX1"],
    );
    assert.equal(changed?.["subtype"], "message_changed");
    assert.equal(asFields(changed?.["message"])?.["text"], "never mind");
    assert.deepEqual([deleted?.["subtype"], deleted?.["deleted_ts"]], ["message_deleted", said.ts]);
  });
});

test("the bot hears nothing where it is not, and direct messages as such", async () => {
  await slackTest(async (slack, app) => {
    slack.user("manager").says("finance", "@countersign psst");
    slack.user("employee").says("@countersign", "order 5 widgets");
    await until(() => app.events.length === 1, "the direct message");
    assert.deepEqual([app.events[0]?.["channel_type"], app.events[0]?.["type"]], ["im", "message"]);
  });
});

test("a stranger's team, and ids of an Enterprise Grid, are in every payload", async () => {
  const enterprise = { id: "E0SANDBOX1", name: "Sandbox Holding" };
  await slackTest(
    async (slack, app) => {
      slack.user("stranger").says("orders", "@countersign hello");
      await slack.user("manager").runs("/countersign status", "orders");
      const [event] = payloads(app);
      assert.deepEqual([event?.["enterprise_id"], event?.["is_ext_shared_channel"]], ["E0SANDBOX1", true]);
      assert.equal(app.events[0]?.["team"], "T0OTHER001");
      const command = payloads(app).find((each) => each["command"] === "/countersign");
      assert.equal(command?.["enterprise_id"], "E0SANDBOX1");
      const info = asFields((await call(slack, "users.info", { user: "U0MANAGER1" }))["user"]);
      assert.equal(asFields(info?.["enterprise_user"])?.["enterprise_id"], "E0SANDBOX1");
    },
    { enterprise },
  );
});

test("a click tells who, where, what and the message as it is; a stale button is not there to click", async () => {
  await slackTest(async (slack, app) => {
    const blocks = [{ type: "actions", block_id: "decide", elements: [button("approve", "Approve")] }];
    const { ts } = await call(slack, "chat.postMessage", { channel: "C0ORDERS01", text: "card", blocks });
    const place = { channel: "C0ORDERS01", ts: String(ts) };
    app.frames.length = 0;
    assert.equal((await slack.user("manager").clicks(place, "Approve")).ok, true);
    const click = payloadOf(app, "block_actions");
    const [action = {}] = asList(click["actions"]);
    assert.deepEqual(
      [action["action_id"], action["block_id"], action["value"]],
      ["approve", "decide", "approve-value"],
    );
    assert.deepEqual(click["container"], {
      type: "message",
      message_ts: ts,
      channel_id: "C0ORDERS01",
      is_ephemeral: false,
    });
    assert.equal(asFields(click["user"])?.["id"], "U0MANAGER1");
    assert.equal(asFields(click["message"])?.["text"], "card");
    await call(slack, "chat.update", { ...place, text: "done", blocks: [] });
    await assert.rejects(slack.user("manager").clicks(place, "approve"), /nothing to click/);
    await assert.rejects(
      slack.user("guest").clicks({ channel: "C0GENERAL1", ts: place.ts }, "approve"),
      /in no channel/,
    );
  });
});

test("a command's answer is whispered; its buttons can be clicked and replaced by response_url", async () => {
  await slackTest(async (slack, app) => {
    app.answer = (envelope) =>
      envelope["type"] === "slash_commands"
        ? { text: "One run", blocks: [{ type: "actions", elements: [button("cancel", "Cancel")] }] }
        : {};
    const manager = slack.user("manager");
    await manager.runs("/countersign status", "general");
    const [whisper] = manager.sees("general");
    assert.ok(whisper !== undefined);
    await manager.clicks(whisper, "cancel");
    const click = payloadOf(app, "block_actions");
    assert.equal(asFields(click["container"])?.["is_ephemeral"], true);
    assert.equal(click["message"], undefined);
    await fetch(String(click["response_url"]), {
      method: "POST",
      body: JSON.stringify({ replace_original: true, text: "Cancelled" }),
    });
    assert.deepEqual(
      manager.sees("general").map((each) => each.text),
      ["Cancelled"],
    );
    assert.equal((await manager.runs("/unknown", "general")).ok, false);
  });
});

test("a message shortcut carries the message; home and assistant tell that they were opened", async () => {
  await slackTest(async (slack, app) => {
    const employee = slack.user("employee");
    const said = slack.user("manager").says("orders", "we need 50 widgets");
    assert.equal((await employee.usesShortcut("Make this a request", said)).ok, true);
    const shortcut = payloadOf(app, "message_action");
    assert.deepEqual([shortcut["callback_id"], shortcut["message_ts"]], ["make-request", said.ts]);
    assert.equal(asFields(shortcut["message"])?.["user"], "U0MANAGER1");
    employee.opensHome();
    const started = employee.opensAssistant("orders");
    const named = (type: string) => app.events.find((each) => each["type"] === type);
    await until(() => named("assistant_thread_started") !== undefined, "both events");
    assert.equal(named("app_home_opened")?.["tab"], "home");
    assert.equal(
      asFields(named("assistant_thread_started")?.["assistant_thread"])?.["thread_ts"],
      started.ts,
    );
    const threadArgs = { channel_id: started.channel, thread_ts: started.ts };
    const prompts = (count: number) => Array.from({ length: count }, () => ({ title: "a", message: "b" }));
    const suggest = (count: number) =>
      call(slack, "assistant.threads.setSuggestedPrompts", { ...threadArgs, prompts: prompts(count) });
    assert.equal((await suggest(4))["ok"], true);
    assert.equal((await suggest(5))["error"], "invalid_arguments");
    assert.equal(
      (await call(slack, "assistant.threads.setStatus", { ...threadArgs, status: "is thinking…" }))["ok"],
      true,
    );
    assert.equal(slack.workspace.assistants.get(`${started.channel}/${started.ts}`)?.status, "is thinking…");
  });
});

test("a modal: required inputs, errors at an input, update, push, clear; what Slack refuses fails before the user", async () => {
  await slackTest(async (slack, app) => {
    const manager = slack.user("manager");
    const input = {
      type: "input",
      block_id: "why",
      label: { type: "plain_text", text: "Reason" },
      element: { type: "plain_text_input", action_id: "reason", max_length: 5 },
    };
    const view = (title: string, blocks: readonly Fields[] = [input]) => ({
      type: "modal",
      title: { type: "plain_text", text: title },
      submit: { type: "plain_text", text: "Go" },
      notify_on_close: true,
      blocks,
    });
    const title = () => asFields(manager.modal?.body["title"])?.["text"];
    await manager.runs("/countersign reject", "orders");
    const trigger_id = payloads(app).at(-1)?.["trigger_id"];
    await call(slack, "views.open", { trigger_id, view: view("First") });
    const before = app.envelopes.length;
    assert.equal((await manager.submits()).ok, false);
    assert.equal((await manager.submits({ reason: "too long" })).ok, false);
    assert.equal(app.envelopes.length, before);
    app.answer = () => ({ response_action: "errors", errors: { why: "Say more" } });
    assert.equal((await manager.submits({ reason: "no" })).ok, true);
    assert.equal(title(), "First");
    app.answer = () => ({ response_action: "errors", errors: { other: "Say more" } });
    assert.equal((await manager.submits()).ok, false);
    app.answer = () => ({ response_action: "update", view: view("x".repeat(25)) });
    assert.equal((await manager.submits()).ok, false);
    app.answer = () => ({ response_action: "update", view: view("Second") });
    await manager.submits();
    assert.equal(title(), "Second");
    app.answer = () => ({ response_action: "push", view: view("Third") });
    await manager.submits();
    assert.equal(title(), "Third");
    app.answer = () => ({});
    await manager.closes();
    assert.equal(payloads(app).at(-1)?.["type"], "view_closed");
    assert.equal(title(), "Second");
    app.answer = () => ({ response_action: "clear" });
    await manager.submits();
    assert.equal(manager.modal, undefined);
    assert.deepEqual(
      slack.failures.map((each) => each.what),
      ["view_submission", "view_submission"],
    );
  });
});
