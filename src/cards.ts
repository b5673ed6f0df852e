import type { Approval, Money, PlanDocument, PlannedOrder, StepId } from "./domain.ts";
import { type Card, cannotBeUndone } from "./card.ts";
import type { RunView } from "./run-view.ts";
import { irreversibleMayBeDone, waitsForOthers } from "./step-errors.ts";

/** Pure: what each card shows. Everything is plain text; adapters add no meaning. */

const empty = { facts: [], steps: [], tables: [], approval: null, plan: null, options: [] } as const;

/**
 * The card a key stands for ("progress-RUN", "question-RUN-n" from 1 or "-now" for the open one, "approval-ID",
 * "result-RUN"); null = nothing to show.
 */
export function cardFor(key: string, view: RunView): Card | null {
  if (key.startsWith("progress-")) {
    return progressCard(view);
  }
  if (key.startsWith("question-")) {
    return questionCard(view, Number(key.slice(key.lastIndexOf("-") + 1)));
  }
  if (key.startsWith("approval-")) {
    const approval = view.approvals.find((each) => each.id === key.slice("approval-".length));
    return approval === undefined ? null : approvalCard(view, approval);
  }
  return key.startsWith("result-") ? resultCard(view) : null;
}

function subjectOf({ request, plan: current }: RunView, plan = current?.document): string {
  if (plan !== undefined) {
    return `${plan.request.quantity} × ${plan.itemName} for ${plan.customerName}`;
  }
  return request === null ? "Your request" : `${request.quantity} × ${request.item} for ${request.customer}`;
}

/** Live: every step with its agent, its atSign and how long it took. */
function progressCard(view: RunView): Card {
  const { run } = view;
  const done = view.steps.filter((step) => step.status === "completed").length;
  const total = view.workflow === null ? view.steps.length : view.workflow.steps.length + 1;
  return {
    ...empty,
    kind: "progress",
    run: run.id,
    title: subjectOf(view),
    text: statusText(view, done, total),
    tone: run.status === "completed" ? "good" : toneOf(run.status),
    steps: view.steps.map((step) => ({
      id: step.id,
      label: stepLabel(step.id),
      agent: step.agent,
      atSign: step.atSign,
      status: step.status,
      ms: step.ms,
    })),
  };
}
/** "orderCompliance" → "Order compliance" */
export function stepLabel(id: StepId): string {
  const words = id
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll("-", " ")
    .toLowerCase();
  return words === "crm" ? "CRM" : words.replace(/^./, (first) => first.toUpperCase());
}
function toneOf(status: RunView["run"]["status"]): Card["tone"] {
  if (status === "waiting") {
    return "waiting";
  }
  return status === "failed" || status === "cancelled" ? "bad" : "neutral";
}
function statusText(view: RunView, done: number, total: number): string {
  switch (view.run.status) {
    case "running":
      return waitText(view) ?? `Working: ${done} of ${total} steps done.`;
    case "waiting":
      return view.question === null ? "Waiting for a manager's decision." : "Waiting for your answer.";
    case "compensating":
      return ["Releasing what was reserved.", ...stuckUndos(view)].join(" ");
    case "completed":
      return "Done.";
    case "failed":
      return [sentence(view.run.error?.message ?? "Failed"), ...afterFailure(view)].join(" ");
    case "cancelled":
      return `Ended: ${endWords[view.run.reason ?? "requested"]}.`;
  }
}

/** Whoever reads "requested" takes it for the request itself. */
const endWords = { requested: "cancelled", rejected: "rejected", expired: "expired" } as const;

/** Why the run stands still although nobody is asked, and that it goes on by itself. */
function waitText({ run }: RunView): string | undefined {
  const waiting = run.steps.find(
    ({ status, error }) =>
      (status === "queued" || status === "waiting") && error !== null && waitsForOthers(error),
  );
  return waiting === undefined ? undefined : `Waiting at step ${waiting.id}: ${waiting.error?.message}.`;
}
/** Undos that have failed and are tried again until they are done. */
function stuckUndos({ run }: RunView): readonly string[] {
  return run.steps
    .filter(({ status, attempt }) => status === "compensating" && attempt > 1)
    .map(
      ({ id, attempt, error }) =>
        `Step ${id} could not be released in ${attempt - 1} tries and is tried again: ${error?.message ?? "no answer"}.`,
    );
}
/**
 * Says what a person has to let go of when nobody knows whether orders were placed, and that an approval came to
 * nothing.
 */
function afterFailure({ run, workflow, approvals }: RunView): readonly string[] {
  if (workflow !== null && irreversibleMayBeDone(workflow.planned, run)) {
    return ["Orders may have been placed, so what was reserved for them stays reserved."];
  }
  const approved = approvals.some(
    ({ revision, status, decision }) =>
      revision === run.revision && status === "decided" && decision?.verdict === "approved",
  );
  return approved ? ["It was approved, but nothing was ordered."] : [];
}
function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}

/** A run asks one question at a time: those before the open one are answered, each in its own card. */
function questionCard(view: RunView, number: number): Card {
  const answered = view.dialogue[number - 1];
  const open = answered === undefined ? view.question : null;
  const base = { ...empty, kind: "question", run: view.run.id } as const;
  if (open !== null) {
    return { ...base, title: "One question", text: open.text, tone: "waiting", options: open.options };
  }
  return answered === undefined
    ? { ...base, title: "Not answered", text: "The request ended before.", tone: "neutral" }
    : { ...base, title: "Answered", text: `${answered.question} — ${answered.answer}`, tone: "neutral" };
}

/** The same body before and after the decision: buttons give way to an outcome line. */
export function approvalCard(view: RunView, approval: Approval): Card {
  const { plan: shown, reason } = view.papers[approval.id] ?? { plan: null, reason: null };
  const plan = shown?.document;
  if (plan === undefined) {
    return { ...unreadableCard, run: view.run.id };
  }
  const open = approval.status === "open";
  return {
    ...empty,
    kind: "approval",
    run: view.run.id,
    title: `Approve: order parts for ${subjectOf(view, plan)}?`,
    text: open
      ? `Requested by ${approval.requester}. If nobody decides by ${isoMinute(approval.expiresAt)}, nothing is ordered and all reservations are released.`
      : outcomeText(approval, reason),
    tone: open ? "waiting" : approvalTone(approval),
    facts: planFacts(plan, approval),
    tables: planTables(plan),
    approval: open ? { id: approval.id, planHash: approval.planHash, requester: approval.requester } : null,
    plan: { approval: approval.id, hash: approval.planHash },
  };
}
const unreadableCard = {
  ...empty,
  kind: "approval",
  title: "Approval without its plan",
  text: "The stored plan is not the one that was put up for approval. It is not shown, and nothing can be decided here.",
  tone: "bad",
} as const;
function approvalTone(approval: Approval): Card["tone"] {
  if (approval.decision?.verdict === "approved" && approval.status !== "withdrawn") {
    return "good";
  }
  return approval.status === "withdrawn" ? "neutral" : "bad";
}
function outcomeText({ decision, status }: Approval, why: string | null): string {
  if (decision === null) {
    return status === "expired"
      ? "Expired: nobody decided. Nothing was ordered."
      : "Withdrawn: the plan changed or the run ended.";
  }
  const verb = decision.verdict === "approved" ? "Approved" : "Rejected";
  const reason = decision.verdict === "rejected" && why !== null ? ` Reason: ${why}` : "";
  const undone = status === "withdrawn" ? " Withdrawn afterwards: it took no effect." : "";
  return `${verb} ${decidedText(decision)}.${undone}${reason}`;
}
function planFacts(plan: PlanDocument, approval: Approval): Card["facts"] {
  return [
    { label: "Total", value: moneyText(plan.total) },
    { label: "Quote to customer", value: moneyText(plan.quote.total) },
    { label: "Margin", value: `${plan.quote.marginPercent} %` },
    { label: "Project", value: plan.project },
    { label: "Ship to", value: `${plan.shipTo.name}, ${plan.shipTo.city}, ${plan.shipTo.country}` },
    { label: "Trade-off", value: plan.tradeOff },
    { label: "Plan hash", value: approval.planHash },
  ];
}
function planTables(plan: PlanDocument): Card["tables"] {
  return [
    ...plan.orders.map(orderTable),
    {
      about: "fallback" as const,
      title: "If something goes wrong",
      columns: ["Order", "Then"],
      rows: plan.fallbacks.map((each) => [
        orderName(plan, each.order),
        each.action === "alternative"
          ? `order from ${each.replacement.supplierName} instead, ${moneyText(each.replacement.total)}`
          : `${each.action}: ${each.note}`,
      ]),
    },
    {
      about: "effect" as const,
      title: "Can it be undone?",
      columns: ["What", "Undo"],
      rows: plan.effects.map((each) => [each.description, undoWords[each.reversibility]]),
    },
  ].filter((table) => table.rows.length > 0);
}
const undoWords = {
  reversible: "can be undone",
  compensable: "can be undone by a further step",
  irreversible: cannotBeUndone,
} as const;
/** People know an order by its supplier, the books by its id. */
function orderName({ orders }: PlanDocument, id: string): string {
  const supplier = orders.find((each) => each.id === id)?.supplierName;
  return supplier === undefined ? id : `${supplier} (${id})`;
}
function orderTable(order: PlannedOrder): Card["tables"][number] {
  const blank = ["", "", ""];
  return {
    about: "order",
    title: `${order.supplierName} · ${moneyText(order.total)} · ${order.freightMethod}, by ${order.expectedDelivery} · account ${order.bankAccount}`,
    columns: ["Part", "Quantity", "Unit price", "At most", "Total"],
    rows: [
      ...order.lines.map((line) => [
        `${line.part} ${line.description}`,
        `${line.quantity} ${line.unit}`,
        moneyText(line.unitPrice),
        moneyText(line.maxUnitPrice),
        moneyText(line.total),
      ]),
      ["Freight", ...blank, moneyText(order.freight)],
      ["Tax", ...blank, moneyText(order.tax)],
      ["Order total", ...blank, moneyText(order.total)],
    ],
  };
}

function resultCard(view: RunView): Card {
  const { run, workflow } = view;
  const good = run.status === "completed";
  return {
    ...empty,
    kind: "result",
    run: run.id,
    title: `${resultWord(view)}: ${subjectOf(view)}`,
    text:
      good && workflow !== null && view.request !== null
        ? workflow.summary({ input: view.request, outputs: view.outputs })
        : statusText(view, 0, 0),
    tone: good ? "good" : "bad",
    facts: [
      ...(good && view.plan !== null
        ? [
            { label: "Ordered", value: moneyText(view.plan.document.total) },
            { label: "Quote", value: moneyText(view.plan.document.quote.total) },
          ]
        : []),
      ...decisionFacts(view),
      ...(view.reason === null ? [] : [{ label: "Reason", value: view.reason }]),
    ],
  };
}
/** Whoever asked sees no approval card: here they read who decided, when and where. */
function decisionFacts({ run, approvals }: RunView): Card["facts"] {
  const decision = approvals.findLast((each) => each.revision === run.revision)?.decision ?? null;
  return decision === null
    ? []
    : [{ label: decision.verdict === "approved" ? "Approved" : "Rejected", value: decidedText(decision) }];
}
function decidedText(decision: NonNullable<Approval["decision"]>): string {
  return `by ${decision.by} in ${decision.adapter} at ${isoMinute(decision.at)} (${decision.assurance})`;
}
function resultWord(view: RunView): string {
  if (view.run.status === "completed") {
    return "Done";
  }
  return view.run.status === "failed"
    ? "Failed"
    : endWords[view.run.reason ?? "requested"].replace(/^./, (c) => c.toUpperCase());
}

function moneyText(value: Money): string {
  return `${value.amount} ${value.currency}`;
}
/** "2026-01-31 14:05 UTC" */
export function isoMinute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
