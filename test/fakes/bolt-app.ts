import { App, LogLevel } from "@slack/bolt";
import type { FakeSlack } from "./slack/start-slack.ts";

/** What the SDK's clients need to know to talk to the stand-in; they try nothing again by themselves. */
export function clientOptions(slack: FakeSlack) {
  return { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true };
}

/** The real Bolt over Socket Mode, to be started against the stand-in. */
export function boltApp(slack: FakeSlack): App {
  return new App({
    token: slack.botToken,
    appToken: slack.appToken,
    socketMode: true,
    clientOptions: clientOptions(slack),
    logLevel: LogLevel.ERROR,
  });
}
