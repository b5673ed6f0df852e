import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../../src/config.ts";

const tokens = { SLACK_BOT_TOKEN: "xoxb-12345678-abc", SLACK_APP_TOKEN: "xapp-12345678-abc" };

test("Slack needs both tokens or none, and a missing one is named", () => {
  assert.equal(readSettings({}).slack, undefined);
  assert.deepEqual(readSettings(tokens).slack, {
    botToken: tokens.SLACK_BOT_TOKEN,
    appToken: tokens.SLACK_APP_TOKEN,
    approvals: undefined,
    apiUrl: undefined,
  });
  for (const [given, missing] of [
    ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"],
    ["SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"],
  ] as const) {
    assert.throws(() => readSettings({ [given]: tokens[given] }), {
      code: "bad-setting",
      message: new RegExp(`^setting ${missing}: missing`),
    });
  }
});

test("a wrong token is refused by its field, what was expected and its kind, never by its text", () => {
  const secret = "1234567890-secretsecret";
  for (const [field, given, kind] of [
    ["SLACK_BOT_TOKEN", `xapp-${secret}`, /expected the bot token.*"xoxb-"; this is an app-level token/],
    ["SLACK_BOT_TOKEN", `xoxp-${secret}`, /"xoxb-"; this is a user token/],
    ["SLACK_BOT_TOKEN", `xoxe.xoxb-${secret}`, /this is a token that expires/],
    ["SLACK_BOT_TOKEN", `"xoxb-${secret}"`, /this is a text in quotes/],
    ["SLACK_BOT_TOKEN", "xoxb-1", /this is a piece of one/],
    ["SLACK_BOT_TOKEN", "0123456789abcdef0123456789abcdef", /this is a signing or client secret/],
    ["SLACK_APP_TOKEN", `xoxb-${secret}`, /expected the app-level token.*"xapp-"; this is a bot token/],
    ["SLACK_APP_TOKEN", `https://hooks.example/${secret}`, /this is an address/],
    ["SLACK_APP_TOKEN", secret, /this is something else/],
  ] as const) {
    assert.throws(
      () => readSettings({ ...tokens, [field]: given }),
      ({ message }: Error) => {
        assert.ok(message.startsWith(`setting ${field}: `));
        assert.match(message, kind);
        assert.ok(!message.includes(given) && !message.includes(secret), "the token itself");
        return true;
      },
    );
  }
});

test("a channel that is no channel's id is refused by what it is", () => {
  for (const [given, kind] of [
    ["#approvals", /"C0123456789"; this is a channel's name/],
    ["U0123456789", /this is a person's id/],
    ["D0123456789", /this is direct messages' id/],
    ["approvals", /this is something else/],
  ] as const) {
    assert.throws(() => readSettings({ ...tokens, COUNTERSIGN_SLACK_APPROVALS: given }), {
      code: "bad-setting",
      message: kind,
    });
  }
});

test("another address than this machine's is no place for Slack's tokens", () => {
  for (const url of ["https://example.org/api/", "http://127.0.0.1.example.org/", "http://10.0.0.1/api/"]) {
    assert.throws(() => readSettings({ ...tokens, COUNTERSIGN_SLACK_API_URL: url }), { code: "bad-setting" });
  }
  const slack = readSettings({ ...tokens, COUNTERSIGN_SLACK_API_URL: "http://127.0.0.1:8675/api/" }).slack;
  assert.equal(slack?.apiUrl, "http://127.0.0.1:8675/api/");
});
