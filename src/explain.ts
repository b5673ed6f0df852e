import type { StepDetail, RunDetail } from "./desk-types.ts";
import type { Approval, Decision, Json } from "./domain.ts";
import { planDocumentSchema } from "./plan/plan-schema.ts";
import { quoted } from "./quoted.ts";
import { isoSecond } from "./iso-minute.ts";
import { type RecordHeading, recordLines, type StoryRecord } from "./story-records.ts";
import { undoFailedCode, undoGivenUpCode } from "./step-errors.ts";
import { count, moneyText, outcomeWords, shortHash } from "./step-words.ts";
import { z } from "zod";

export interface Story {
  readonly run: string;
  readonly status: string;
  readonly parts: readonly { readonly heading: string; readonly lines: readonly string[] }[];
  readonly cost: RunCost;
}
/** What a run took. */
export interface RunCost {
  /** From the request to the last change; milliseconds. */
  readonly ms: number | null;
  /** Envelopes that the bot sent and received. */
  readonly messages: number;
  readonly models: readonly {
    readonly model: string;
    readonly calls: number;
    readonly failed: number;
    readonly ms: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
    /** By the providers' own counting, and what they charge; null where none was reported. */
    readonly tokens: number | null;
    readonly cost: string | null;
  }[];
}

/**
 * Tells what happened in a run, from its record, its journal and the gateway's: sentences made by rules, always the
 * same for the same run. `run` is null where its texts were erased: then the journal alone speaks.
 */
export function explainRun(o: {
  readonly id: string;
  readonly run: RunDetail | null;
  readonly records: readonly StoryRecord[];
  readonly models: readonly StoryRecord[];
}): Story {
  const { id, run, records } = o;
  const cost = costOf(run, records, o.models);
  const lines = (heading: RecordHeading) => recordLines(heading, records, { erased: run === null });
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["Asked", [...(run === null ? [] : asked(run)), ...lines("Asked")]],
    ["Done", run === null ? [] : run.steps.flatMap((step) => stepLines(step, records))],
    ["Changed", [...lines("Changed"), ...(run === null ? [] : changes(run))]],
    ["Plan", run === null ? [] : planLines(run)],
    [
      "Decided",
      [...(run === null ? [] : run.approvals.flatMap((each) => decision(each, run))), ...lines("Decided")],
    ],
    ["Reviewed", lines("Reviewed")],
    ["Ordered", [...(run === null ? [] : orderLines(run)), ...lines("Ordered")]],
    ["Interrupted", lines("Interrupted")],
    ["Undone", [...lines("Undone"), ...(run === null ? [] : undone(run))]],
    ["Refused or alarmed", lines("Refused or alarmed")],
    ["Models", modelLines(cost)],
    ["Took", took(cost, records.length)],
    ["Exported", lines("Exported")],
    ["Erased", lines("Erased")],
  ];
  return {
    run: id,
    status: statusText(run, records),
    parts: sections.filter(([, lines]) => lines.length > 0).map(([heading, lines]) => ({ heading, lines })),
    cost,
  };
}

function statusText(run: RunDetail | null, records: readonly StoryRecord[]): string {
  if (run === null) {
    const last = records.findLast(({ kind }) => kind === "run");
    return String(last?.facts["status"] ?? "unknown");
  }
  const why = run.reason === null ? "" : ` (${run.reason})`;
  return `${run.status}${why}${run.error === null ? "" : `: ${quoted(run.error.message)}`}`;
}

function asked(run: RunDetail): readonly string[] {
  const place = run.thread.split(":")[0] ?? "";
  const route = run.steps.find(({ id }) => id === "route");
  return [
    `${isoSecond(run.createdAt)}: ${run.requester} asked in ${place}: ${quoted(run.requestText)}`,
    ...run.dialogue.map(
      ({ question, answer, by }) =>
        `${by === undefined || by === null ? "" : `${by} `}asked back ${quoted(question)}, answered ${quoted(answer)}`,
    ),
    ...(run.question === null ? [] : [`asked back ${quoted(run.question)}, not answered yet`]),
    ...understood(route?.output ?? null),
  ];
}
const routeSchema = z.object({
  workflow: z.string().optional(),
  input: z.object({ customer: z.string(), item: z.string(), quantity: z.string() }).optional(),
  model: z.string().optional(),
});
function understood(output: Json): readonly string[] {
  const { data } = routeSchema.safeParse(output);
  if (data?.input === undefined) {
    return [];
  }
  const { customer, item, quantity } = data.input;
  const by = data.model === undefined ? "" : `, read with model ${data.model}`;
  return [`understood as: ${quantity} of item ${item} for customer ${customer}${by}`];
}

const doneWords: Readonly<Record<StepDetail["status"], string>> = {
  pending: "not begun",
  queued: "about to begin",
  waiting: "under way",
  completed: "done",
  failed: "failed",
  skipped: "not needed any more",
  compensating: "being undone",
  compensated: "done, and undone again",
};

/** A step in a line; one that nobody has come to yet is left out. */
function stepLines(step: StepDetail, records: readonly StoryRecord[]): readonly string[] {
  const { id, label, agent, atSign, status, ms, error, output } = step;
  if (status === "pending") {
    return [];
  }
  const answer = records.findLast(
    ({ kind, facts }) => kind === "envelope" && facts["step"] === id && facts["direction"] === "in",
  );
  const instance = answer?.facts["instance"];
  const who =
    agent === null
      ? "the bot itself"
      : [agent, atSign, ...(typeof instance === "string" ? [`instance ${instance}`] : [])].join(" ");
  const outcome = error === null ? outcomeWords(id, output) : quoted(error.message);
  const took = ms === null ? "" : `, ${ms} ms`;
  return [`${label}: ${doneWords[status]} by ${who}${took}${outcome === undefined ? "" : `: ${outcome}`}`];
}

function planLines({ plan }: RunDetail): readonly string[] {
  const { data } = planDocumentSchema.safeParse(plan?.document);
  if (plan === null || data === undefined) {
    return [];
  }
  const { orders, total, quote, effects, revision, fallbacks, shipTo } = data;
  return [
    `plan ${shortHash(plan.hash)}, revision ${revision}: ${count(orders.length, "order")}, ${moneyText(total)} in all, quoted to the customer at ${moneyText(quote.total)}`,
    ...orders.map(
      (order) =>
        `order ${order.id} at ${quoted(order.supplierName)}: ${count(order.lines.length, "line")}, ${moneyText(order.total)} and never more than ${moneyText(order.maxTotal)}, expected on ${order.expectedDelivery}`,
    ),
    `to ${quoted(`${shipTo.name}, ${shipTo.city}, ${shipTo.country}`)}; ${count(fallbacks.length, "fallback")} prepared with it`,
    ...effects.map(
      ({ description, reversibility }) => `what would happen: ${quoted(description)} (${reversibility})`,
    ),
  ];
}

/** Why a plan took another's place, and what differs in it. */
function changes({ plannedAnew }: RunDetail): readonly string[] {
  return plannedAnew.flatMap(({ revision, before, because, changes: differences }) => [
    `plan ${revision} took the place of plan ${before}${because === null ? "" : `: ${quoted(because)}`}`,
    ...differences.map((each) => `${quoted(each.what)}: ${quoted(each.before)} → ${quoted(each.after)}`),
  ]);
}

/** Every verdict that was given, also those that were not yet enough; then how it ended. */
function decision(approval: Approval, run: RunDetail): readonly string[] {
  const { decision: made, decisions, planHash, status, action, revision } = approval;
  const plan = `“${action}” on plan ${shortHash(planHash)}`;
  const isLast = approval === run.approvals.at(-1);
  const reason = isLast && run.verdictReason !== null ? `, because ${quoted(run.verdictReason)}` : "";
  // Kept alone in runs from before approvals could take several.
  const given = decisions.length === 0 && made !== null ? [made] : decisions;
  const told = given.map((each) => {
    const why = each.verdict === "rejected" ? reason : "";
    return `${isoSecond(each.at)}: ${whoDecided(each)} ${each.verdict} ${plan} (revision ${revision}) in ${each.adapter}, assurance ${each.assurance}${why}`;
  });
  if (made !== null) {
    return told;
  }
  const count = decisions.length === 0 ? "" : ` with ${decisions.length} of ${approval.quorum} approvals`;
  const outcome = {
    open: `waits for a decision until ${isoSecond(approval.expiresAt)}`,
    recorded: "is recorded",
    decided: "is decided",
    withdrawn: "was withdrawn before it was decided",
    expired: `ended undecided at ${isoSecond(approval.expiresAt)}`,
  }[status];
  return [...told, `${plan} ${outcome}${count}`];
}
function whoDecided({ by, insteadOf, brokeGlass, standing }: Decision): string {
  const right = insteadOf === undefined ? "" : `, by the right of ${insteadOf},`;
  const before = standing === undefined ? "" : `, in advance, by standing grant ${standing},`;
  return `${by}${right}${before}${brokeGlass === true ? ", alone, in an emergency," : ""}`;
}
const placedSchema = z.object({
  placed: z.array(
    z.object({
      order: z.string(),
      supplier: z.string(),
      supplierReference: z.string(),
      usedFallback: z.boolean(),
    }),
  ),
});
function orderLines({ steps }: RunDetail): readonly string[] {
  const { data } = placedSchema.safeParse(steps.find(({ id }) => id === "orders")?.output);
  return (data?.placed ?? []).map(
    ({ order, supplier, supplierReference, usedFallback }) =>
      `order ${order} was placed with ${supplier}, which calls it ${quoted(supplierReference)}${usedFallback ? "; a prepared fallback was used" : ""}`,
  );
}
function undone({ steps }: RunDetail): readonly string[] {
  return steps.flatMap(({ label, status, error }) => {
    if (status === "compensated") {
      return [`${label} was undone`];
    }
    if (error?.code === undoGivenUpCode) {
      return [`${label} was left as it is, by a person's decision`];
    }
    const isStuck = status === "compensating" || error?.code === undoFailedCode;
    return isStuck ? [`${label} is not undone yet${error === null ? "" : `: ${quoted(error.message)}`}`] : [];
  });
}

function costOf(
  run: RunDetail | null,
  records: readonly StoryRecord[],
  calls: readonly StoryRecord[],
): RunCost {
  const models = Map.groupBy(calls, ({ facts }) => String(facts["model"] ?? facts["role"]));
  const sum = (list: readonly StoryRecord[], name: string): number =>
    list.reduce((all, { facts }) => all + Number(facts[name] ?? 0), 0);
  return {
    ms: run === null ? null : run.updatedAt - run.createdAt,
    messages: records.filter(({ kind }) => kind === "envelope").length,
    models: [...models].map(([model, list]) => ({
      model,
      calls: list.length,
      failed: list.filter(({ facts }) => facts["code"] !== undefined).length,
      ms: sum(list, "ms"),
      bytesIn: sum(list, "promptBytes"),
      bytesOut: sum(list, "answerBytes"),
      tokens: list.some(({ facts }) => facts["tokens"] !== undefined) ? sum(list, "tokens") : null,
      cost: costText(list),
    })),
  };
}
/** Charges are decimal strings, so each is told as it was reported. */
function costText(list: readonly StoryRecord[]): string | null {
  const charges = list.flatMap(({ facts }) => (typeof facts["cost"] === "string" ? [facts["cost"]] : []));
  return charges.length === 0 ? null : charges.join(" + ");
}
function modelLines({ models }: RunCost): readonly string[] {
  return models.map(({ model, calls, failed, ms, bytesIn, bytesOut, tokens, cost }) =>
    [
      `model ${model}: ${count(calls, "call")}${failed === 0 ? "" : `, ${failed} of them failed`}, ${ms} ms`,
      `${bytesIn} bytes asked, ${bytesOut} answered`,
      tokens === null ? "no tokens were reported" : `${tokens} tokens`,
      cost === null ? "no cost was reported" : `charged: ${cost}`,
    ].join("; "),
  );
}
function took({ ms, messages }: RunCost, records: number): readonly string[] {
  return [
    ...(ms === null ? [] : [`${(ms / 1_000).toFixed(1)} s from the request to the last change`]),
    `${count(messages, "envelope")} and ${count(records, "journal record")} on the bot's side`,
  ];
}
