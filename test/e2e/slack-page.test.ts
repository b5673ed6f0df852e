import assert from "node:assert/strict";
import { test } from "node:test";
import type { App } from "@slack/bolt";
import type { Page } from "playwright-core";
import { boltApp } from "../fakes/bolt-app.ts";
import { startSlack } from "../fakes/slack/start-slack.ts";
import { launch, noChromium } from "./console-browser.ts";

const hostile = `<img src=x onerror="document.title='owned'"> & *bold*`;

/** The app of this test: a card for each mention, a modal for the reason, a whisper for the command. */
function listen(app: App): void {
  app.event("app_mention", async ({ event, say }) => {
    await say({
      text: "Please decide",
      thread_ts: event.ts,
      blocks: [
        { type: "header", text: { type: "plain_text", text: hostile } },
        {
          type: "section",
          text: { type: "mrkdwn", text: `Asked by <@${event.user ?? ""}>: ${event.text}` },
          fields: [{ type: "mrkdwn", text: "*Total* 1200.00" }],
        },
        {
          type: "actions",
          elements: [
            {
              type: "button",
              action_id: "reject",
              style: "danger",
              text: { type: "plain_text", text: "Reject" },
            },
          ],
        },
      ],
    });
  });
  app.action("reject", async ({ ack, body, client }) => {
    await ack();
    const { trigger_id, channel, message } = body as {
      trigger_id: string;
      channel: { id: string };
      message: { ts: string };
    };
    await client.views.open({
      trigger_id,
      view: {
        type: "modal",
        callback_id: "reason",
        private_metadata: JSON.stringify({ channel: channel.id, ts: message.ts }),
        title: { type: "plain_text", text: "Why not?" },
        submit: { type: "plain_text", text: "Reject it" },
        blocks: [
          {
            type: "input",
            block_id: "why",
            label: { type: "plain_text", text: "Reason" },
            element: { type: "plain_text_input", action_id: "reason", min_length: 3 },
          },
        ],
      },
    });
  });
  app.view("reason", async ({ ack, view, client }) => {
    const reason = view.state.values["why"]?.["reason"]?.value ?? "";
    if (reason === "because") {
      await ack({ response_action: "errors", errors: { why: "Say more" } });
      return;
    }
    await ack();
    const place = JSON.parse(view.private_metadata) as { channel: string; ts: string };
    await client.chat.update({ ...place, text: `Rejected: ${reason}`, blocks: [] });
  });
  app.command("/countersign", async ({ ack }) => {
    await ack("All quiet");
  });
  app.event("app_home_opened", async ({ event, client }) => {
    await client.views.publish({
      user_id: event.user,
      view: {
        type: "home",
        blocks: [{ type: "section", text: { type: "plain_text", text: "My requests" } }],
      },
    });
  });
}

async function says(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message #orders").fill(text);
  await page.getByRole("button", { name: "Send" }).first().click();
}

test(
  "in a browser: a mention, the card, its button, the modal, a command and the home tab",
  { skip: noChromium },
  async () => {
    const slack = await startSlack();
    const app = boltApp(slack);
    listen(app);
    await app.start();
    const browser = await launch();
    try {
      const complaints: string[] = [];
      const openAs = async (name: string) => {
        const page = await browser.newPage();
        page.on("pageerror", (error) => complaints.push(error.message));
        page.on("console", (line) => line.type() === "error" && complaints.push(line.text()));
        await page.goto(`${slack.pageUrl}?as=${name}`);
        await page.getByRole("button", { name: "#orders" }).click();
        return page;
      };
      const employee = await openAs("employee");
      await says(employee, `@countersign order parts ${hostile}`);
      const manager = await openAs("manager");
      assert.equal(await manager.title(), "Slack sandbox (a stand-in, not Slack)");
      await manager.getByRole("button", { name: "1 reply" }).click();
      const thread = manager.getByRole("complementary", { name: "Thread" });
      await thread.getByRole("heading", { name: hostile }).waitFor();
      await thread.getByText("@employee").first().waitFor();
      await thread.getByRole("button", { name: "Reject" }).click();
      const modal = manager.getByRole("dialog", { name: "Why not?" });
      await modal.getByLabel("Reason").fill("because");
      await modal.getByRole("button", { name: "Reject it" }).click();
      await modal.getByText("Say more").waitFor();
      await modal.getByLabel("Reason").fill("Too dear");
      await modal.getByRole("button", { name: "Reject it" }).click();
      await modal.waitFor({ state: "detached" });
      await employee.getByRole("button", { name: "1 reply" }).click();
      await employee.getByText("Rejected: Too dear").waitFor();
      await says(employee, "/countersign status");
      await employee.getByText("All quiet").waitFor();
      await employee.getByText("Only visible to you").waitFor();
      await employee.getByRole("button", { name: "countersign: home" }).click();
      await employee.getByText("My requests").waitFor();
      assert.equal(await employee.title(), "Slack sandbox (a stand-in, not Slack)");
      assert.deepEqual(complaints, []);
      assert.deepEqual(slack.failures, []);
    } finally {
      await browser.close();
      await app.stop();
      await slack.stop();
    }
  },
);
