import { isoMinute } from "../iso-minute.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import type { Verdict } from "../domain.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { VerdictAnswer } from "../link/decision-messages.ts";
import type { ClosedPlan, DecisionDevice, ResumedVerdict, WaitingPlan } from "../link/device-types.ts";
import { devicePlace, openDevice } from "../processes/device.ts";
import { answer, answerJson, exitCodes, tell } from "./output.ts";
import { planText } from "./plan-text.ts";
import { type Prompter, terminalPrompter } from "./prompter.ts";

export interface InboxFlags {
  readonly keys?: string;
  readonly approve?: string;
  readonly reject?: string;
  readonly hash?: string;
  readonly reason?: string;
  readonly json?: boolean;
}

/** How long the bot's list of what is open is waited for. */
const patienceMs = 10_000;
/** Enough of a hash that nobody makes another plan with the same beginning. */
const leastHash = 32;

/** `inbox --keys FILE`: reads plans on the person's own machine, and signs verdicts on them there. */
export async function inbox(
  context: { readonly settings: Settings; readonly config: CompanyConfig },
  o: InboxFlags,
  prompter: Prompter = terminalPrompter,
): Promise<void> {
  const chosen = chosenVerdict(o);
  if (o.keys === undefined) {
    throw new AppError("usage", "--keys: expected your atSign's key file, such as keys/@name_key.atKeys");
  }
  const place = devicePlace(o.keys);
  const stopping = new AbortController();
  let arrived: () => void = () => undefined;
  const opened = await openDevice({
    ...context,
    place,
    onChange: () => arrived(),
    onFatal: (error) => tell(`error (${error.code}): ${error.message}`),
    signal: stopping.signal,
  });
  const { device } = opened;
  const until = async (isEnough: () => boolean, ms: number): Promise<void> => {
    const over = AbortSignal.timeout(ms);
    while (!isEnough() && !over.aborted) {
      await new Promise<void>((resolve) => {
        arrived = resolve;
        over.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  };
  try {
    const { id, name } = device.person();
    tell(`${name} ("${id}"), at ${place.atSign}`);
    await device.ask();
    await until(() => device.isComplete(), patienceMs);
    (await device.resume()).forEach((each) => sayResumed(each, o));
    if (chosen === undefined) {
      await show(device, o, prompter);
    } else {
      const { approval, verdict } = chosen;
      const planHash = wholeHash(device, approval, o.hash);
      say(await device.decide({ approval, planHash }, verdict, o.reason), o);
    }
    (await device.closed()).forEach((each) => sayClosed(each, o));
  } finally {
    stopping.abort();
    await opened.close();
  }
}

function chosenVerdict(o: InboxFlags): { approval: string; verdict: Verdict } | undefined {
  if (o.approve !== undefined && o.reject !== undefined) {
    throw new AppError("usage", "--approve and --reject: one of them");
  }
  if (o.reject !== undefined && (o.reason ?? "").trim() === "") {
    throw new AppError("usage", "--reason must say why");
  }
  const approval = o.approve ?? o.reject;
  if (approval === undefined) {
    return undefined;
  }
  if (o.hash === undefined || !/^[0-9a-f]+$/.test(o.hash) || o.hash.length < leastHash) {
    throw new AppError(
      "usage",
      `--hash: expected the hash of the plan that you read, at least its first ${leastHash} signs`,
    );
  }
  return { approval, verdict: o.approve === undefined ? "rejected" : "approved" };
}

/** The plan that is decided is the one that was read, not one that came since. */
function wholeHash(device: DecisionDevice, approval: string, hash = ""): string {
  const refused = device.refused().find((each) => each.approval === approval);
  if (refused !== undefined) {
    throw new AppError(refused.code, `approval ${approval} is not put before you: ${refused.why}`);
  }
  const found = device.plans().find((each) => each.approval === approval);
  if (found === undefined && !device.isComplete()) {
    throw noAnswer();
  }
  if (found !== undefined && !found.planHash.startsWith(hash)) {
    throw new AppError("wrong-plan", `the plan that waits now has another hash: ${found.planHash}`);
  }
  // What is not there, or not any more, the machine itself says.
  return found?.planHash ?? hash;
}

function noAnswer(): AppError {
  return new AppError("no-answer", "the bot has not answered: ask again later", { retryable: true });
}

async function show(device: DecisionDevice, o: InboxFlags, prompter: Prompter): Promise<void> {
  const plans = device.plans();
  const refused = device.refused();
  if (o.json === true) {
    plans.forEach((each) => answerJson({ type: "plan", ...each }));
    refused.forEach((each) => answerJson({ type: "refused", ...each }));
    return;
  }
  refused.forEach(({ approval, why }) => tell(`approval ${approval} is not put before you: ${why}`));
  if (!device.isComplete()) {
    tell(`${noAnswer().message}; there may be more than what is shown`);
    process.exitCode = exitCodes.failed;
  } else if (plans.length === 0) {
    answer("nothing waits for you");
  }
  for (const each of plans) {
    answer(planLines(each).join("\n"));
    await decideOne(device, each, o, prompter);
  }
}

function planLines({ approval, plan, planHash, expiresAt, signed }: WaitingPlan): readonly string[] {
  return [
    "",
    `Approval ${approval}, until ${isoMinute(expiresAt)}`,
    ...planText(plan).map((line) => `  ${line}`),
    `  SHA-256 of these bytes: ${planHash}`,
    ...(signed === null ? [] : [`  You ${signed} this here before; the bot has not confirmed it.`]),
  ];
}

async function decideOne(
  device: DecisionDevice,
  plan: WaitingPlan,
  o: InboxFlags,
  prompter: Prompter,
): Promise<void> {
  const { signed } = plan;
  const give = async (verdict: Verdict, reason?: string): Promise<void> => {
    try {
      say(await device.decide(plan, verdict, reason), o);
    } catch (error) {
      // One that was decided meanwhile does not keep the others from being read.
      const { code, message } = toErrorInfo(error);
      if (code !== "already-decided" && code !== "wrong-plan") {
        throw error;
      }
      tell(`not signed (${code}): ${message}`);
      process.exitCode = exitCodes.failed;
    }
  };
  const reply = await prompter.ask('Type "approve", "reject", or nothing to leave it:');
  if (reply === null) {
    tell(`no terminal to ask on: decide with --approve ${plan.approval} --hash ${plan.planHash}`);
    return;
  }
  const said = reply.trim();
  if (said === "approve") {
    await give("approved");
  } else if (said === "reject") {
    const reason = (await prompter.ask("Why?"))?.trim() ?? "";
    if (reason === "") {
      tell("a rejection needs a reason; left as it is");
      return;
    }
    await give("rejected", reason);
  } else if (signed === null) {
    tell("left as it is");
  }
}

/** What was signed here before, and what the bot says to it now. */
function sayResumed({ approval, verdict, answer: given }: ResumedVerdict, o: InboxFlags): void {
  if (given !== null) {
    tell(`approval ${approval}, which you ${verdict} here before:`);
    say(given, o);
  } else {
    tell(`approval ${approval}, which you ${verdict} here before, is not confirmed yet: the bot is silent`);
  }
}

function sayClosed({ approval, outcome }: ClosedPlan, o: InboxFlags): void {
  if (o.json === true) {
    answerJson({ type: "closed", approval, outcome });
  } else {
    tell(`approval ${approval} is closed. ${outcome}`);
  }
}

function say(given: VerdictAnswer, o: InboxFlags): void {
  if (o.json === true) {
    answerJson({ type: "verdict", ...given });
  } else {
    answer(`${given.outcome}: ${given.message}`);
  }
  if (given.outcome !== "accepted") {
    process.exitCode = exitCodes.failed;
  }
}
