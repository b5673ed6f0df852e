import assert from "node:assert/strict";
import { test } from "node:test";
import { fullManifest } from "../../../fakes/slack/app-manifest.ts";
import type { AppManifest } from "../../../fakes/slack/app-manifest.ts";
import type { Fields } from "../../../fakes/slack/model.ts";
import { asFields, asList } from "../../../fakes/slack/model.ts";
import type { FakeSlack } from "../../../fakes/slack/start-slack.ts";
import { startSlack } from "../../../fakes/slack/start-slack.ts";
import { ManualTime } from "../../../fakes/manual-time.ts";
import { call } from "./raw-app.ts";

const orders = "C0ORDERS01";

/** A Slack whose time stands still until the test moves it. */
async function slackTest(
  run: (slack: FakeSlack, time: ManualTime) => Promise<void>,
  manifest?: AppManifest,
): Promise<void> {
  const time = new ManualTime();
  const slack = await startSlack({
    clock: time,
    timers: time,
    ...(manifest === undefined ? {} : { manifest }),
  });
  try {
    await run(slack, time);
  } finally {
    await slack.stop();
  }
}
async function errorOf(slack: FakeSlack, method: string, args: Fields, token?: string): Promise<unknown> {
  const answer = await call(slack, method, args, token);
  return answer["ok"] === true ? "ok" : answer["error"];
}

test("tokens: none, unknown, of the wrong kind, revoked, of a deactivated workspace", async () => {
  await slackTest(async (slack) => {
    const say = { channel: orders, text: "hi" };
    assert.equal(await errorOf(slack, "chat.postMessage", say, ""), "not_authed");
    assert.equal(await errorOf(slack, "chat.postMessage", say, "xoxb-other"), "invalid_auth");
    assert.equal(await errorOf(slack, "chat.postMessage", say, slack.appToken), "not_allowed_token_type");
    assert.equal(await errorOf(slack, "apps.connections.open", {}), "not_allowed_token_type");
    assert.equal(await errorOf(slack, "no.such.method", {}), "unknown_method");
    slack.revoke(slack.botToken);
    assert.equal(await errorOf(slack, "chat.postMessage", say), "token_revoked");
    slack.revoke(slack.botToken, "account_inactive");
    assert.equal(await errorOf(slack, "auth.test", {}), "account_inactive");
  });
});

test("scopes: a call without its scope says which is needed; the address is shown only to who may read it", async () => {
  const bot = ["chat:write", "users:read"];
  const manifest = {
    ...fullManifest,
    features: {},
    oauth_config: { scopes: { bot } },
    settings: { socket_mode_enabled: true },
  };
  await slackTest(async (slack) => {
    const refused = await call(slack, "conversations.history", { channel: orders });
    assert.deepEqual([refused["error"], refused["needed"]], ["missing_scope", "channels:history"]);
    assert.equal(refused["provided"], "chat:write,users:read");
    const found = await call(slack, "users.info", { user: "U0EMPLOYEE" });
    assert.equal(asFields(asFields(found["user"])?.["profile"])?.["email"], undefined);
    assert.equal(
      await errorOf(slack, "users.lookupByEmail", { email: "employee@countersign.example" }),
      "missing_scope",
    );
  }, manifest);
});

test("manifest: an event without its scope, and Socket Mode off, are refused", async () => {
  await assert.rejects(
    startSlack({ manifest: { ...fullManifest, oauth_config: { scopes: { bot: [] } } } }),
    /needs the scope/,
  );
  await assert.rejects(startSlack({ manifest: { ...fullManifest, settings: {} } }), /socket_mode_enabled/);
});

test("posting: where the bot is not, where nobody is, into archives, too long, with nothing", async () => {
  await slackTest(async (slack) => {
    const post = (args: Fields) => errorOf(slack, "chat.postMessage", { text: "hi", ...args });
    slack.workspace.addChannel({ id: "C0OPEN0001", members: [] });
    slack.workspace.addChannel({ id: "C0OLD00001", archived: true, members: ["U0BOT00001"] });
    assert.equal(await post({ channel: orders }), "ok");
    assert.equal(await post({ channel: "#general" }), "ok");
    assert.equal(await post({ channel: "U0EMPLOYEE" }), "ok");
    assert.equal(await post({ channel: "U0LEFT0001" }), "channel_not_found");
    assert.equal(await post({ channel: "C0FINANCE1" }), "channel_not_found");
    assert.equal(await post({ channel: "C0NOWHERE1" }), "channel_not_found");
    assert.equal(await post({ channel: "C0OPEN0001" }), "not_in_channel");
    assert.equal(await post({ channel: "C0OLD00001" }), "is_archived");
    assert.equal(await post({ channel: "#general", text: "" }), "no_text");
    assert.equal(await post({ channel: "U0MANAGER1", text: "x".repeat(40_001) }), "msg_too_long");
    assert.equal(await post({ channel: "U0MANAGER1", thread_ts: "1.000001" }), "thread_not_found");
  });
});

test("updating: only one's own, only what exists, 4,000 characters; blocks not given stay", async () => {
  await slackTest(async (slack) => {
    const blocks = [{ type: "section", text: { type: "mrkdwn", text: "card" } }];
    const { ts } = await call(slack, "chat.postMessage", { channel: orders, text: "card", blocks });
    const theirs = slack.user("employee").says("orders", "mine");
    const update = (args: Fields) => errorOf(slack, "chat.update", { channel: orders, text: "new", ...args });
    assert.equal(await update({ ts }), "ok");
    assert.equal(slack.workspace.message(orders, String(ts))?.blocks.length, 1);
    assert.equal(await update({ ts, blocks: [] }), "ok");
    assert.equal(slack.workspace.message(orders, String(ts))?.blocks.length, 0);
    assert.equal(await update({ ts, text: "x".repeat(4001) }), "msg_too_long");
    assert.equal(await update({ ts: theirs.ts }), "cant_update_message");
    assert.equal(await update({ ts: "1.000001" }), "message_not_found");
    assert.equal(
      await errorOf(slack, "chat.delete", { channel: orders, ts: theirs.ts }),
      "cant_delete_message",
    );
    assert.equal(await errorOf(slack, "chat.delete", { channel: orders, ts }), "ok");
    assert.equal(await update({ ts }), "message_not_found");
  });
});

test("history and replies: newest first, without replies; metadata only when asked for; pages", async () => {
  await slackTest(async (slack, time) => {
    const metadata = { event_type: "card", event_payload: { key: "run-1" } };
    const { ts } = await call(slack, "chat.postMessage", { channel: orders, text: "one", metadata });
    await time.advance(1000);
    await call(slack, "chat.postMessage", { channel: orders, text: "reply", thread_ts: ts });
    await call(slack, "chat.postMessage", { channel: orders, text: "two" });
    const texts = (answer: Fields) => asList(answer["messages"]).map((each) => each["text"]);
    const plain = await call(slack, "conversations.history", { channel: orders });
    assert.deepEqual(texts(plain), ["two", "one"]);
    assert.equal(asList(plain["messages"])[1]?.["metadata"], undefined);
    const full = await call(slack, "conversations.history", {
      channel: orders,
      include_all_metadata: true,
      limit: 1,
    });
    assert.deepEqual(texts(full), ["two"]);
    const cursor = asFields(full["response_metadata"])?.["next_cursor"];
    const next = await call(slack, "conversations.history", {
      channel: orders,
      include_all_metadata: true,
      limit: 1,
      cursor,
    });
    assert.deepEqual(asList(next["messages"])[0]?.["metadata"], metadata);
    assert.deepEqual(texts(await call(slack, "conversations.replies", { channel: orders, ts })), [
      "one",
      "reply",
    ]);
    assert.deepEqual(texts(await call(slack, "conversations.history", { channel: orders, oldest: ts })), [
      "two",
    ]);
    assert.equal(
      await errorOf(slack, "conversations.replies", { channel: orders, ts: "1.000001" }),
      "thread_not_found",
    );
  });
});

test("whispers: only to a member of the channel, and in no history", async () => {
  await slackTest(async (slack) => {
    const whisper = (user: string) =>
      errorOf(slack, "chat.postEphemeral", { channel: "C0GENERAL1", user, text: "psst" });
    assert.equal(await whisper("U0EMPLOYEE"), "ok");
    assert.equal(await whisper("U0GUEST001"), "user_not_in_channel");
    assert.equal(slack.user("employee").sees("general").length, 1);
    assert.equal(slack.user("manager").sees("general").length, 0);
    assert.deepEqual((await call(slack, "conversations.history", { channel: "C0GENERAL1" }))["messages"], []);
  });
});

test("people: guests, the deactivated, strangers and bots are told apart", async () => {
  await slackTest(async (slack) => {
    const info = async (user: string) => asFields((await call(slack, "users.info", { user }))["user"]) ?? {};
    assert.equal((await info("U0GUEST001"))["is_restricted"], true);
    assert.equal((await info("U0GUEST002"))["is_ultra_restricted"], true);
    assert.equal((await info("U0LEFT0001"))["deleted"], true);
    assert.equal((await info("U0BOT00001"))["is_bot"], true);
    const stranger = await info("U0STRANGER");
    assert.deepEqual([stranger["is_stranger"], stranger["team_id"]], [true, "T0OTHER001"]);
    assert.equal(await errorOf(slack, "users.info", { user: "U0NOBODY01" }), "user_not_found");
    assert.equal(await errorOf(slack, "conversations.open", { users: "U0LEFT0001" }), "user_disabled");
    assert.equal(
      await errorOf(slack, "users.lookupByEmail", { email: "leaver@countersign.example" }),
      "users_not_found",
    );
  });
});

test("rate limits: about one post a second and channel, fifty updates a minute, and how long to wait", async () => {
  await slackTest(async (slack, time) => {
    const post = () => call(slack, "chat.postMessage", { channel: orders, text: "hi" });
    const answers = [await post(), await post(), await post(), await post()];
    assert.deepEqual(
      answers.map((each) => each["status"]),
      [200, 200, 200, 429],
    );
    assert.deepEqual([answers[3]?.["error"], answers[3]?.["retryAfter"]], ["ratelimited", "1"]);
    assert.equal(
      (await call(slack, "chat.postMessage", { channel: "C0GENERAL1", text: "hi" }))["status"],
      200,
    );
    await time.advance(1000);
    assert.equal((await post())["status"], 200);
    assert.equal((await post())["status"], 429);
    const update = () => call(slack, "chat.update", { channel: orders, ts: answers[0]?.["ts"], text: "new" });
    for (let count = 0; count < 50; count += 1) {
      assert.equal((await update())["status"], 200);
    }
    assert.deepEqual([(await update())["status"], (await update())["retryAfter"]], [429, "60"]);
    slack.limits.enabled = false;
    assert.equal((await update())["status"], 200);
  });
});

test("files: announced, sent, completed and shared; downloaded only with a token", async () => {
  await slackTest(async (slack) => {
    const announced = await call(slack, "files.getUploadURLExternal", { filename: "plan.csv", length: 4 });
    const id = announced["file_id"];
    const share = () =>
      errorOf(slack, "files.completeUploadExternal", { files: [{ id, title: "Plan" }], channel_id: orders });
    assert.equal(await share(), "file_not_found");
    const send = (body: string) => fetch(String(announced["upload_url"]), { method: "POST", body });
    assert.equal((await send("too long")).status, 400);
    assert.equal((await send("a,b\n")).status, 200);
    assert.equal(await share(), "ok");
    assert.deepEqual(slack.workspace.messages(orders)[0]?.files, [id]);
    const file = asFields((await call(slack, "files.info", { file: id }))["file"]);
    const url = String(file?.["url_private"]);
    const download = await fetch(url, { headers: { authorization: `Bearer ${slack.botToken}` } });
    assert.equal(await download.text(), "a,b\n");
    assert.match(await (await fetch(url)).text(), /Sign in/);
  });
});

test("faults: an answer lost after the post, no answer, 500, 429 and an error, each as often as told", async () => {
  await slackTest(async (slack) => {
    slack.limits.enabled = false;
    const post = () => call(slack, "chat.postMessage", { channel: orders, text: "hi" });
    slack.faults.api("chat.postMessage", { kind: "lost-answer" });
    await assert.rejects(post());
    assert.equal(slack.workspace.messages(orders).length, 1);
    slack.faults.api("chat.postMessage", { kind: "lost-request" });
    await assert.rejects(post());
    slack.faults.api("*", { kind: "http", status: 500 }, 2);
    await assert.rejects(post());
    await assert.rejects(post());
    slack.faults.api("chat.postMessage", { kind: "ratelimited", seconds: 7 });
    assert.equal((await post())["retryAfter"], "7");
    slack.faults.api("chat.postMessage", { kind: "error", error: "fatal_error" });
    assert.equal((await post())["error"], "fatal_error");
    assert.equal(slack.workspace.messages(orders).length, 1);
    assert.equal((await post())["ok"], true);
    slack.faults.api("chat.postMessage", { kind: "no-answer" });
    const impatient = fetch(`${slack.apiUrl}chat.postMessage`, {
      method: "POST",
      headers: { authorization: `Bearer ${slack.botToken}` },
      body: new URLSearchParams({ channel: orders, text: "hi" }),
    });
    await slack.until(() => slack.workspace.messages(orders).length === 3, "the post that is not answered");
    await Promise.all([assert.rejects(impatient), slack.stop()]);
    await slack.until(() => slack.calls.length === 8, "all calls recorded");
  });
});

test("a storm is the same for the same seed", async () => {
  const fates = async (seed: number) => {
    const outcome: unknown[] = [];
    await slackTest(async (slack) => {
      slack.faults.storm({ seed, api: 0.5, apiFaults: [{ kind: "error", error: "fatal_error" }] });
      for (let count = 0; count < 20; count += 1) {
        outcome.push(await errorOf(slack, "auth.test", {}));
      }
    });
    return outcome.join();
  };
  assert.equal(await fates(1), await fates(1));
  assert.notEqual(await fates(1), await fates(2));
});
