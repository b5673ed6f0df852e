import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Card } from "../card.ts";
import { howToCountersign } from "../countersigned.ts";
import type { Verdict } from "../domain.ts";
import { AppError } from "../errors.ts";
import type { RunResult } from "../run-result.ts";
import { type ControlClient, errorInfo } from "./control-client.ts";
import { patientClient } from "./patient-client.ts";
import { type Prompter, terminalPrompter } from "./prompter.ts";
import { answer, answerJson, exitCodes, tell } from "./output.ts";
import { cardText } from "./card-text.ts";
import { type SlowAgent, slowAgent, slowAgentWatch } from "./slow-agent-watch.ts";

export interface AskOptions {
  readonly as?: string;
  readonly by?: string;
  readonly yes?: boolean;
  readonly no?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

const accepted = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("accepted"), run: z.string() }),
  z.object({ outcome: z.literal("refused"), error: errorInfo, result: z.unknown() }),
]);
const streamed = z.object({ key: z.string(), card: z.unknown() });
const botStatus = z.object({
  demo: z.boolean(),
  safety: z.object({ freeze: z.object({ by: z.string(), reason: z.string() }).nullable() }).optional(),
});
const decided = z.object({
  outcome: z.string(),
  error: z.object({ message: z.string() }).optional(),
  /** How many more people must approve. */
  more: z.number().optional(),
});

/** How long a bot that went away is waited for. */
const patienceMs = 60_000;

type Ending = { readonly kind: "ended" } | { readonly kind: "left"; readonly code: number };

/** One request from its words to its result: progress, the card, the decision, the result. Gives the exit code. */
export async function ask(
  direct: ControlClient,
  text: string,
  options: AskOptions,
  prompter: Prompter = terminalPrompter,
  slow: SlowAgent = slowAgent,
): Promise<number> {
  const { json = false } = options;
  let lost = false;
  const client = patientClient(direct, patienceMs, () => {
    if (!lost) {
      lost = true;
      tell("connection to the bot lost; waiting for it …");
    }
  });
  const requester = options.as;
  if (options.yes === true && options.no === true) {
    throw new AppError("usage", "--yes and --no exclude each other");
  }
  if (options.no === true && (options.reason ?? "").trim() === "") {
    throw new AppError("usage", "--no needs --reason TEXT: a rejection says why");
  }
  const { demo, safety } = botStatus.parse(await client.get("/status"));
  if (!demo && (options.as !== undefined || options.by !== undefined || options.yes === true)) {
    throw new AppError("usage", "--as, --by and --yes exist only with the demo company");
  }
  // Outside the demo whoever sits at the terminal decides as themselves.
  const deciders: readonly (string | undefined)[] = demo ? (options.by ?? "manager").split(",") : [undefined];
  const decider = demo ? deciders.join(" and ") : undefined;
  const own = requester ?? "employee";
  if (deciders.includes(own) && (options.by !== undefined || options.yes === true)) {
    throw new AppError(
      "usage",
      `the requester "${own}" cannot decide about the own request: choose another --by`,
    );
  }
  const query = requester === undefined ? "" : `?as=${encodeURIComponent(requester)}`;
  const first = accepted.parse(
    await client.post("/requests", {
      key: randomUUID(),
      text,
      ...(requester === undefined ? {} : { as: requester }),
    }),
  );
  if (first.outcome === "refused") {
    if (json) {
      answerJson(first.result);
    } else {
      answer(first.error.message);
    }
    return exitCodes.failed;
  }
  const { run } = first;
  const freeze = safety?.freeze ?? null;
  if (freeze !== null) {
    tell(`Frozen by ${freeze.by}: ${freeze.reason}. The request waits until two people have lifted that.`);
  }
  const watch = slowAgentWatch(slow);
  const ending = await follow().finally(() => watch.end());
  const result = (await client.get(`/runs/${run}/result${query}`)) as RunResult;
  if (json) {
    answerJson(result);
  } else {
    answer(summary(result));
  }
  return ending.kind === "left" ? ending.code : exitCode(result);

  /** Reads cards until the run ends or somebody must act who is not here. */
  async function follow(): Promise<Ending> {
    const seenSteps = new Map<string, string>();
    const handled = new Set<string>();
    for await (const line of client.lines(`/runs/${run}/stream${query}`)) {
      const { key, card: raw } = streamed.parse(line);
      const card = raw as Card;
      lost = false;
      watch.see(card);
      showSteps(card, seenSteps);
      if (card.kind === "result") {
        return { kind: "ended" };
      }
      if (handled.has(key + card.text)) {
        continue;
      }
      handled.add(key + card.text);
      const code = await act(card);
      if (code !== undefined) {
        return { kind: "left", code };
      }
    }
    throw new AppError("connection-lost", `the bot went away; the run goes on: countersign run ${run}`);
  }
  function showSteps(card: Card, seen: Map<string, string>): void {
    for (const step of card.kind === "progress" ? card.steps : []) {
      if (seen.get(step.id) === step.status || step.status === "pending") {
        continue;
      }
      seen.set(step.id, step.status);
      if (json) {
        const { id, agent, atSign, status, ms } = step;
        answerJson({ type: "step", id, agent, atSign, status, ms });
      } else if (step.status === "completed" || step.status === "failed") {
        tell(
          `  ${step.status === "completed" ? "✓" : "✗"} ${step.id.padEnd(18)} ${(step.atSign ?? "bot").padEnd(16)} ${step.ms ?? 0} ms`,
        );
      }
    }
  }
  /** An exit code when nobody here can act; undefined to go on. */
  async function act(card: Card): Promise<number | undefined> {
    if (card.kind === "question" && card.tone === "waiting") {
      return json ? exitCodes.needsInput : answerQuestion(cardText(card));
    }
    if (card.kind === "approval" && card.approval !== null) {
      const { id, planHash, signedOnly } = card.approval;
      if (json) {
        answerJson({ type: "approval", id, run, planHash });
      } else {
        tell(cardText(card));
      }
      if (signedOnly === true) {
        tell(`\nNobody decides here. Each who does: ${howToCountersign}.`);
        return exitCodes.stillWaiting;
      }
      const verdict = await choose();
      if (verdict === undefined) {
        tell(`\nDecide later: countersign approve ${id}, or reject ${id} --reason TEXT`);
        return exitCodes.stillWaiting;
      }
      return decideAll(id, verdict);
    }
    return undefined;
  }
  /** Asks until an answer was taken; an exit code when nobody here answers. */
  async function answerQuestion(question: string): Promise<number | undefined> {
    for (let said = question; ;) {
      const reply = await prompter.ask(`${said}\n>`);
      if (reply === null || reply.trim() === "") {
        return exitCodes.needsInput;
      }
      const as = requester === undefined ? {} : { as: requester };
      const sent = await client.post("/requests", { key: randomUUID(), text: reply, run, ...as });
      const taken = accepted.parse(sent);
      // Answered elsewhere meanwhile: the run goes on by itself.
      if (taken.outcome === "accepted" || taken.error.code === "no-question") {
        return undefined;
      }
      said = taken.error.message;
    }
  }
  /** Each of those named decides; who is missing then is not here. */
  async function decideAll(
    id: string,
    { verdict, reason }: { readonly verdict: Verdict; readonly reason?: string },
  ): Promise<number | undefined> {
    let missing = 0;
    for (const as of deciders) {
      const outcome = decided.parse(
        await client.post(`/approvals/${id}`, {
          verdict,
          ...(as === undefined ? {} : { as }),
          ...(reason === undefined ? {} : { reason }),
        }),
      );
      if (outcome.error !== undefined) {
        throw new AppError("decision-refused", outcome.error.message);
      }
      missing = outcome.more ?? 0;
      if (missing === 0) {
        return undefined;
      }
    }
    tell(`${missing} more must approve: countersign approve ${id}${demo ? " --by PERSON" : ""}`);
    return exitCodes.stillWaiting;
  }
  async function choose(): Promise<{ verdict: "approved" | "rejected"; reason?: string } | undefined> {
    if (options.yes === true) {
      return { verdict: "approved" };
    }
    if (options.no === true) {
      return { verdict: "rejected", reason: options.reason ?? "" };
    }
    const reply = json
      ? null
      : await prompter.ask(decider === undefined ? "Approve? [y/n]" : `Approve as ${decider}? [y/n]`);
    if (reply === null) {
      return undefined;
    }
    if (/^y(es)?$/i.test(reply.trim())) {
      return { verdict: "approved" };
    }
    const reason = await prompter.ask("Why not?");
    return reason === null || reason.trim() === "" ? undefined : { verdict: "rejected", reason };
  }
}

function summary(result: RunResult): string {
  if (result.status === "needs-input") {
    return `${result.question ?? "One thing is missing."}\n(waits for the answer: countersign answer ${result.run ?? "RUN"} TEXT)`;
  }
  const plan =
    result.plan === null
      ? ""
      : `, ${result.plan.orders.length} ${result.plan.orders.length === 1 ? "order" : "orders"}, ${result.plan.total.amount} ${result.plan.total.currency}`;
  const why = result.error === undefined ? "" : `: ${result.error.message}`;
  const by = result.decision === null ? "" : ` (${result.decision.verdict} by ${result.decision.by})`;
  return `run ${result.run ?? "?"} ${result.status}${plan}${by}${why}`;
}
function exitCode(result: RunResult): number {
  switch (result.status) {
    case "completed":
      return exitCodes.done;
    case "failed":
      return exitCodes.failed;
    case "rejected":
    case "expired":
    case "cancelled":
      return exitCodes.notApproved;
    case "needs-input":
      return exitCodes.needsInput;
    case "waiting":
      return exitCodes.stillWaiting;
  }
}
