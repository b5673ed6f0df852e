import assert from "node:assert/strict";
import { test } from "node:test";
import { type App, LogLevel, webApi } from "@slack/bolt";
import { boltApp, clientOptions } from "../../../fakes/bolt-app.ts";
import type { FakeSlack } from "../../../fakes/slack/start-slack.ts";
import { startSlack } from "../../../fakes/slack/start-slack.ts";

/** The real Bolt, connected to a Slack of the test's own. */
async function withBolt(
  slack: FakeSlack,
  listen: (app: App) => void,
  run: () => Promise<void>,
): Promise<void> {
  const app = boltApp(slack);
  listen(app);
  await app.start();
  try {
    await run();
  } finally {
    await app.stop();
    await slack.stop();
  }
}

const approval = [
  { type: "section", text: { type: "mrkdwn", text: "*Order of 50 widgets*" } },
  {
    type: "actions",
    elements: [
      {
        type: "button",
        action_id: "approve",
        style: "primary" as const,
        value: "run-1",
        text: { type: "plain_text" as const, text: "Approve" },
      },
      { type: "button", action_id: "reject", text: { type: "plain_text" as const, text: "Reject" } },
    ],
  },
];

test("Bolt hears a mention, posts a card, gets the click, opens a modal and receives what was submitted", async () => {
  const slack = await startSlack();
  const reasons: string[] = [];
  await withBolt(
    slack,
    (app) => {
      app.event("app_mention", async ({ event, say }) => {
        await say({ text: "Please decide", blocks: approval, thread_ts: event.ts });
      });
      app.action("reject", async ({ ack, body, client }) => {
        await ack();
        await client.views.open({
          trigger_id: (body as { trigger_id: string }).trigger_id,
          view: {
            type: "modal",
            callback_id: "reason",
            title: { type: "plain_text", text: "Why not?" },
            submit: { type: "plain_text", text: "Reject" },
            blocks: [
              {
                type: "input",
                block_id: "why",
                label: { type: "plain_text", text: "Reason" },
                element: { type: "plain_text_input", action_id: "reason" },
              },
            ],
          },
        });
      });
      app.view("reason", async ({ ack, view }) => {
        await ack();
        reasons.push(view.state.values["why"]?.["reason"]?.value ?? "");
      });
    },
    async () => {
      assert.equal(slack.sockets.connections.length, 1);
      const asked = slack.user("employee").says("orders", "@countersign order the parts for 50 widgets");
      const manager = slack.user("manager");
      const card = () => slack.workspace.replies(asked.channel, asked.ts)[0];
      await slack.until(() => card() !== undefined, "the card");
      const seen = await manager.clicks({ channel: asked.channel, ts: card()?.ts ?? "" }, "Reject");
      assert.deepEqual(seen.ok, true);
      await slack.until(() => manager.modal !== undefined, "the modal");
      assert.equal((await manager.submits({})).ok, false);
      assert.equal((await manager.submits({ reason: "Too expensive" })).ok, true);
      await slack.until(() => reasons.length === 1, "the reason");
      assert.deepEqual(reasons, ["Too expensive"]);
      assert.equal(manager.modal, undefined);
      assert.deepEqual(slack.failures, []);
    },
  );
});

test("the SDK understands the refusals: invalid blocks with their reasons, 429 with its seconds, a missing scope", async () => {
  const slack = await startSlack();
  await withBolt(
    slack,
    () => {},
    async () => {
      const client = new webApi.WebClient(slack.botToken, { ...clientOptions(slack), logger: silent });
      const header = {
        type: "header" as const,
        text: { type: "plain_text" as const, text: "x".repeat(151) },
      };
      await assert.rejects(
        client.chat.postMessage({ channel: "C0ORDERS01", text: "x", blocks: [header] }),
        (error) => {
          assert.ok(error instanceof webApi.WebAPIPlatformError);
          assert.equal(error.data.error, "invalid_blocks");
          assert.deepEqual(
            error.data.response_metadata?.messages?.at(-1),
            "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]",
          );
          return true;
        },
      );
      slack.faults.api("chat.postMessage", { kind: "ratelimited", seconds: 3 });
      await assert.rejects(client.chat.postMessage({ channel: "C0ORDERS01", text: "x" }), (error) => {
        assert.ok(error instanceof webApi.WebAPIRateLimitedError);
        assert.equal(error.retryAfter, 3);
        return true;
      });
      slack.workspace.app.scopes.delete("chat:write");
      await assert.rejects(client.chat.postMessage({ channel: "C0ORDERS01", text: "x" }), /missing_scope/);
    },
  );
});

test("the SDK uploads a file into a thread and reads the metadata that it posted", async () => {
  const slack = await startSlack();
  await withBolt(
    slack,
    () => {},
    async () => {
      const client = new webApi.WebClient(slack.botToken, clientOptions(slack));
      const metadata = { event_type: "card", event_payload: { key: "run-1", revision: 2 } };
      const { ts = "" } = await client.chat.postMessage({ channel: "C0ORDERS01", text: "card", metadata });
      const content = "part,quantity\nbolt,50\n";
      await client.files.uploadV2({ channel_id: "C0ORDERS01", thread_ts: ts, filename: "plan.csv", content });
      const replies = await client.conversations.replies({
        channel: "C0ORDERS01",
        ts,
        include_all_metadata: true,
      });
      assert.deepEqual(replies.messages?.[0]?.metadata, metadata);
      const file = replies.messages?.[1]?.files?.[0];
      assert.deepEqual([file?.name, file?.size], ["plan.csv", content.length]);
      assert.equal(slack.workspace.files.get(file?.id ?? "")?.content?.toString(), content);
    },
  );
});
const silent: webApi.Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  setLevel: () => {},
  getLevel: () => LogLevel.ERROR,
  setName: () => {},
};
