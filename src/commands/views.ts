import { byText } from "../approval-card.ts";
import type { Card } from "../card.ts";
import type { AgentInfo, AgentInstance, RunDetail, RunSummary, ShownUndo } from "../desk-types.ts";
import { isoMinute } from "../iso-minute.ts";
import type { Settings } from "../config.ts";
import type { Approval, Decision } from "../domain.ts";
import type { SafetyView } from "../safety-types.ts";
import type { UndoRef } from "../undo-types.ts";
import { cardText } from "./card-text.ts";
import { controlClient } from "./control-client.ts";
import { answer, answerJson, table } from "./output.ts";

interface ViewOptions {
  readonly as?: string;
  readonly json?: boolean;
}

/** Fetches from the running bot and shows it: as one JSON line, or as `text` makes of it. */
async function show(
  settings: Settings,
  url: string,
  o: ViewOptions,
  // Each caller knows what its address answers with.
  text: (value: never) => string,
): Promise<void> {
  // Managers see everything; on the demo machine the command line looks with a manager's eyes unless told otherwise.
  const query = o.as === undefined ? "" : `?as=${encodeURIComponent(o.as)}`;
  const value = await controlClient(settings.runtime, "bot").get(url + query);
  if (o.json === true) {
    answerJson(value);
  } else {
    answer(text(value as never));
  }
}

export function runs(settings: Settings, o: ViewOptions): Promise<void> {
  return show(settings, "/runs", o, (list: readonly RunSummary[]) =>
    list.length === 0
      ? "no runs yet"
      : table(
          ["run", "status", "requester", "updated", "request"],
          list.map((run) => [run.id, standOf(run), run.requester, isoMinute(run.updatedAt), run.title]),
        ),
  );
}

function standOf({ status, reason, paused }: RunSummary): string {
  return `${status}${paused ? ", paused" : ""}${reason === null ? "" : ` (${reason})`}`;
}

/** Undos that need a person, or the card of one. */
export function undos(settings: Settings, id: string | undefined, o: ViewOptions): Promise<void> {
  if (id !== undefined) {
    return show(settings, `/undos/${encodeURIComponent(id)}`, o, cardText);
  }
  return show(settings, "/undos", o, (list: readonly (ShownUndo & UndoRef)[]) =>
    list.length === 0
      ? "nothing that could not be undone waits for a person"
      : table(
          ["undo", "run", "step", "what"],
          list.map((each) => [each.id, each.run, each.step, each.card.title]),
        ),
  );
}

export function run(settings: Settings, id: string, o: ViewOptions): Promise<void> {
  return show(settings, `/runs/${encodeURIComponent(id)}`, o, runText);
}

export function runText(detail: RunDetail): string {
  return [
    `${detail.id}: ${standOf(detail)}`,
    `requested by ${detail.requester} at ${isoMinute(detail.createdAt)}: ${detail.requestText}`,
    ...detail.dialogue.map(({ question, answer: said }) => `asked: ${question} — ${said}`),
    ...(detail.question === null ? [] : [`waits for the requester's answer: ${detail.question}`]),
    ...(detail.error === null ? [] : [`error (${detail.error.code}): ${detail.error.message}`]),
    "",
    table(
      ["step", "agent", "status", "ms"],
      detail.steps.map((step) => [step.id, step.atSign ?? "bot", step.status, step.ms?.toString() ?? ""]),
    ),
    ...(detail.plan === null ? [] : ["", `plan ${detail.plan.hash}`]),
    ...detail.approvals.flatMap((approval) => [
      `approval ${approval.id}: ${approval.status}`,
      ...verdictsOf(approval).map((each) => `  ${each.verdict} ${byText(each)}`),
    ]),
    ...(detail.verdictReason === null ? [] : [`reason: ${detail.verdictReason}`]),
  ].join("\n");
}

/** Kept alone in runs from before approvals could take several. */
function verdictsOf({ decisions, decision }: Approval): readonly Decision[] {
  return decisions.length === 0 && decision !== null ? [decision] : decisions;
}

export function approvals(settings: Settings, id: string | undefined, o: ViewOptions): Promise<void> {
  if (id !== undefined) {
    return show(settings, `/approvals/${encodeURIComponent(id)}`, o, cardText);
  }
  return show(settings, "/approvals", o, (list: readonly { approval: Approval; card: Card }[]) =>
    list.length === 0
      ? "no approvals"
      : table(
          ["approval", "status", "approved by", "requester", "expires", "what"],
          list.map(({ approval, card }) => [
            approval.id,
            approval.status,
            `${approval.decisions.map(({ by }) => by).join(", ") || "nobody"} of ${approval.quorum}`,
            approval.requester,
            isoMinute(approval.expiresAt),
            card.title,
          ]),
        ),
  );
}

export function agents(settings: Settings, o: ViewOptions): Promise<void> {
  return show(settings, "/agents", o, agentsText);
}

export function agentsText(list: readonly AgentInfo[]): string {
  return table(
    ["agent", "atSign", "instances", "how it is", "what it does"],
    list.map((agent) => [
      agent.id,
      agent.atSign,
      agent.instances.map(instanceText).join(", ") || "none",
      agent.health.text,
      agent.description,
    ]),
  );
}

function instanceText({ instance, open, region }: AgentInstance): string {
  const notes = [...(region === null ? [] : [region]), ...(open ? [] : ["draining"])];
  return notes.length === 0 ? instance : `${instance} (${notes.join(", ")})`;
}

export function status(settings: Settings, o: ViewOptions): Promise<void> {
  return show(settings, "/status", o, statusText);
}

/** What the bot says of itself; what is not named here is shown as it is. */
interface BotStatus {
  readonly startedAt: string;
  readonly slack: { readonly text: string };
  readonly safety: SafetyView;
  /** Requests under way, by agent. */
  readonly inFlight: Readonly<Record<string, number>>;
  readonly instances: readonly { readonly agent: string }[];
}

export function statusText(status: BotStatus): string {
  const { freeze, shadow } = status.safety;
  const busy = Object.entries(status.inFlight).map(([agent, count]) => `${agent} ${count}`);
  const words = {
    ...status,
    startedAt: isoMinute(Date.parse(status.startedAt)),
    slack: status.slack.text,
    safety: freeze === null ? "not frozen" : freezeText(freeze),
    shadow: shadow.join(", ") || "no workflow",
    inFlight: busy.join(", ") || "nothing",
    instances: `${status.instances.length} of ${new Set(status.instances.map(({ agent }) => agent)).size} agents: see \`agents\``,
  };
  return Object.entries(words)
    .map(
      ([name, each]) => `${`${name}:`.padEnd(18)} ${typeof each === "object" ? JSON.stringify(each) : each}`,
    )
    .join("\n");
}
function freezeText({ by, at, reason, lifting }: NonNullable<SafetyView["freeze"]>): string {
  const wanted = lifting.length === 0 ? "" : `; ${lifting.join(", ")} asked for it to be lifted`;
  return `FROZEN by ${by} at ${isoMinute(Date.parse(at))}: ${reason}${wanted}`;
}
