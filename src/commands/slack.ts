import type { SetupCheck } from "../../adapters/slack/setup-checks.ts";
import type { Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { systemTimers } from "../link/timers.ts";
import { systemClock } from "../processes/system.ts";
import { answer, answerJson, exitCodes } from "./output.ts";

/** `slack setup`: one line per check, what to do about each that fails, and a test card. */
export async function setup(settings: Settings, o: { readonly json?: boolean }): Promise<void> {
  if (settings.slack === undefined) {
    throw new AppError(
      "bad-setting",
      "settings SLACK_BOT_TOKEN and SLACK_APP_TOKEN: missing; create the app from adapters/slack/manifest.json first",
    );
  }
  const { checkSetup } = await import("../../adapters/slack/setup-checks.ts");
  const checks: SetupCheck[] = [];
  for await (const check of checkSetup({
    settings: settings.slack,
    clock: systemClock,
    after: (ms, call) => systemTimers.after(ms, call),
    log: silent,
  })) {
    checks.push(check);
    if (o.json !== true) {
      answer(lineOf(check));
    }
  }
  const ok = checks.every((check) => check.ok);
  if (o.json === true) {
    answerJson({ type: "slack-setup", ok, checks });
  }
  process.exitCode = ok ? exitCodes.done : exitCodes.failed;
}

/** What is wrong is said by the checks. */
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

function lineOf({ name, ok, text, todo }: SetupCheck): string {
  return `${ok ? "ok  " : "FAIL"}  ${name.padEnd(10)} ${text}${todo === "" ? "" : `\n${" ".repeat(17)}→ ${todo}`}`;
}
