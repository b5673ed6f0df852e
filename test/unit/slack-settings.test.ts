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

test("a token in the wrong place is refused without saying it", () => {
  const wrong = { ...tokens, SLACK_BOT_TOKEN: tokens.SLACK_APP_TOKEN };
  assert.throws(
    () => readSettings(wrong),
    (error: Error) =>
      error.message.includes("SLACK_BOT_TOKEN") &&
      error.message.includes("xoxb-") &&
      !error.message.includes(tokens.SLACK_APP_TOKEN),
  );
});

test("another address than this machine's is no place for Slack's tokens", () => {
  for (const url of ["https://example.org/api/", "http://127.0.0.1.example.org/", "http://10.0.0.1/api/"]) {
    assert.throws(() => readSettings({ ...tokens, COUNTERSIGN_SLACK_API_URL: url }), { code: "bad-setting" });
  }
  const slack = readSettings({ ...tokens, COUNTERSIGN_SLACK_API_URL: "http://127.0.0.1:8675/api/" }).slack;
  assert.equal(slack?.apiUrl, "http://127.0.0.1:8675/api/");
  assert.throws(() => readSettings({ ...tokens, COUNTERSIGN_SLACK_APPROVALS: "#approvals" }), {
    code: "bad-setting",
  });
});
