import type { SetupCheck } from "../../adapters/slack/setup-checks.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { systemTimers } from "../link/timers.ts";
import { systemClock } from "../processes/system.ts";
import { answer, answerJson, exitCodes } from "./output.ts";

/** `people import slack`: Slack's members, by e-mail address, as accounts of the company's people. */
export async function importMembers(
  place: { readonly settings: Settings; readonly config: CompanyConfig },
  platform: string,
  o: { readonly confirm?: boolean; readonly json?: boolean },
): Promise<void> {
  if (platform !== "slack") {
    throw new AppError("usage", `people import: "${platform}" is not known; this version knows "slack"`);
  }
  const slack = settingsOf(place.settings);
  const { importAccounts } = await import("./people.ts");
  const { listMembers } = await import("../../adapters/slack/members.ts");
  await importAccounts(
    { ...place, listMembers: () => listMembers(slack, { clock: systemClock, after, log: silent }) },
    o,
  );
}

/** `slack setup`: one line per check, what to do about each that fails, and a test card. */
export async function setup(settings: Settings, o: { readonly json?: boolean }): Promise<void> {
  const slack = settingsOf(settings);
  const { checkSetup } = await import("../../adapters/slack/setup-checks.ts");
  const checks: SetupCheck[] = [];
  for await (const check of checkSetup({
    settings: slack,
    clock: systemClock,
    after,
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

function settingsOf({ slack }: Settings): NonNullable<Settings["slack"]> {
  if (slack === undefined) {
    throw new AppError(
      "bad-setting",
      "settings SLACK_BOT_TOKEN and SLACK_APP_TOKEN: missing; create the app from adapters/slack/manifest.json first",
    );
  }
  return slack;
}

const after = (ms: number, call: () => void) => systemTimers.after(ms, call);
/** What is wrong is said by the commands. */
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

function lineOf({ name, ok, text, todo }: SetupCheck): string {
  return `${ok ? "ok  " : "FAIL"}  ${name.padEnd(10)} ${text}${todo === "" ? "" : `\n${" ".repeat(17)}→ ${todo}`}`;
}
