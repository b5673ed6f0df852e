import assert from "node:assert/strict";
import { test } from "node:test";
import { App, LogLevel } from "@slack/bolt";
import type { FakeSlack } from "../../../fakes/slack/start-slack.ts";
import { startSlack } from "../../../fakes/slack/start-slack.ts";

/** The real Bolt, connected to a Slack of the test's own. */
async function withBolt(
  slack: FakeSlack,
  listen: (app: App) => void,
  run: () => Promise<void>,
): Promise<void> {
  const clientOptions = {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  };
  const app = new App({
    token: slack.botToken,
    appToken: slack.appToken,
    socketMode: true,
    clientOptions,
    logLevel: LogLevel.ERROR,
  });
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
