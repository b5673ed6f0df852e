import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../fakes/manual-time.ts";
import { slackWorld, type SlackWorld } from "../fakes/slack-world.ts";

/** Slack's assistant, through the real bolt. */

let world: SlackWorld;
before(async () => {
  world = await slackWorld();
});
after(() => world.stop());

const calls = (method: string) => world.slack.calls.filter((call) => call.method === method);

test("a new thread suggests what to ask for; a request in it shows a status line while it is worked on", async () => {
  const { slack, office } = world;
  const erin = slack.user("employee");
  const thread = erin.opensAssistant();
  const shown = () => slack.workspace.assistants.get(`${thread.channel}/${thread.ts}`);
  await until(() => (shown()?.prompts.length ?? 0) > 0, "prompts");
  const [prompt = ""] = shown()?.prompts ?? [];
  assert.equal(prompt, "Order the parts needed for 50 widgets for Customer XYZ");

  erin.says("@countersign", prompt, { thread: thread.ts });
  await until(() => shown()?.status === "is working on your request…", "the status");
  const run = [...office.runs.keys()].at(-1) ?? "";
  await office.proceed(run, "credit");
  await office.openApproval(run);
  await until(() => shown()?.status === "", "none while a manager is asked");
  await office.proceed(run, "orders");
  await until(() => shown()?.status !== "", "the status again");
  await office.end(run, "completed");
  await until(() => shown()?.status === "", "none at the end");
  assert.equal(calls("assistant.threads.setStatus").length, 4, "only changes");
});

test("strangers are suggested nothing; elsewhere no status is set", async () => {
  const prompts = calls("assistant.threads.setSuggestedPrompts").length;
  const states = calls("assistant.threads.setStatus").length;
  world.slack.user("admin").opensAssistant();
  const count = world.office.runs.size;
  world.slack.user("employee").says("general", "@countersign order parts for 5 widgets");
  await until(() => world.office.runs.size > count, "a run");
  await world.acknowledged();
  assert.equal(calls("assistant.threads.setSuggestedPrompts").length, prompts);
  assert.equal(calls("assistant.threads.setStatus").length, states);
});

test("a Slack that refuses it changes nothing for the request", async () => {
  world.slack.faults.api("assistant.threads.setStatus", { kind: "error", error: "internal_error" }, 1);
  world.slack.faults.api(
    "assistant.threads.setSuggestedPrompts",
    { kind: "error", error: "not_agent_app" },
    1,
  );
  const count = world.office.requests.length;
  const erin = world.slack.user("employee-2");
  const thread = erin.opensAssistant();
  await world.acknowledged();
  erin.says("@countersign", "order parts for 6 widgets", { thread: thread.ts });
  await until(() => world.office.requests.length > count, "the request");
  await until(() => world.slack.workspace.replies(thread.channel, thread.ts).length > 1, "its card");
  await world.acknowledged();
});
