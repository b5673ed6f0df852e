import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import manifest from "../../../../adapters/slack/manifest.json" with { type: "json" };
import { callbackIds } from "../../../../adapters/slack/blocks/slack-actions.ts";
import { ownApp } from "../../../fakes/own-app.ts";
import { appFrom } from "../../../fakes/slack/app-manifest.ts";

const readme = readFileSync(new URL("../../../../README.md", import.meta.url), "utf8");
const { features, oauth_config, settings, display_information } = manifest;

test("the README explains every scope and event of the manifest, each in a line of its own, and no other", () => {
  const section = readme.split("## What the Slack app may do")[1]?.split("\n## ")[0] ?? "";
  const explained = [...section.matchAll(/^\| `([^`]+)` +\| (\S.*\S) +\|$/gm)];
  assert.deepEqual(
    explained.map(([, name]) => name),
    [...oauth_config.scopes.bot, ...settings.event_subscriptions.bot_events],
  );
  assert.ok(explained.every(([, , why]) => (why ?? "").length > 10));
});

test("the manifest makes an app that Slack takes: Socket Mode only, every event with its scope, our ids", () => {
  const app = appFrom(ownApp, { bot: "xoxb-test", app: "xapp-test" });
  assert.ok(app.homeTab && app.messagesTab);
  assert.deepEqual([...app.commands], ["/countersign"]);
  assert.deepEqual(app.shortcuts, [
    { name: "Make this a request", callbackId: callbackIds.makeRequest, type: "message" },
  ]);
  assert.doesNotMatch(JSON.stringify(manifest), /https?:|"(request_)?url"/);
});

test("the manifest keeps Slack's limits", () => {
  const { name, description, long_description } = display_information;
  assert.ok(name.length <= 35 && description.length <= 140);
  assert.ok(long_description.length >= 174 && long_description.length <= 4000);
  const [shortcut] = features.shortcuts;
  assert.ok((shortcut?.name.length ?? 99) <= 24 && (shortcut?.description.length ?? 999) <= 150);
});
