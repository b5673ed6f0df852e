import type { Approval, Money, PlanDocument, PlannedOrder } from "./domain.ts";
import type { Card } from "./card.ts";
import type { RunView } from "./run-view.ts";

/** Pure: what each card shows. Everything is plain text; adapters add no meaning. */

const empty = { facts: [], steps: [], tables: [], approval: null, options: [] } as const;

/** The card a key stands for ("progress-RUN", "question-RUN-n", "approval-ID", "result-RUN"); null = nothing to show. */
export function cardFor(key: string, view: RunView): Card | null {
  if (key.startsWith("progress-")) {
    return progressCard(view);
  }
  if (key.startsWith("question-")) {
    return questionCard(view);
  }
  if (key.startsWith("approval-")) {
    const approval = view.approvals.find((each) => each.id === key.slice("approval-".length));
    return approval === undefined ? null : approvalCard(view, approval);
  }
  return key.startsWith("result-") ? resultCard(view) : null;
}

function subjectOf(view: RunView): string {
  const { plan, request } = view;
  if (plan !== null) {
    return `${plan.document.request.quantity} × ${plan.document.itemName} for ${plan.document.customerName}`;
  }
  return request === null ? "Your request" : `${request.quantity} × ${request.item} for ${request.customer}`;
}

/** Live: every step with its agent, its atSign and how long it took. */
export function progressCard(view: RunView): Card {
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
      label: step.id,
      agent: step.agent,
      atSign: step.atSign,
      status: step.status,
      ms: step.ms,
    })),
  };
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
      return `Working: ${done} of ${total} steps done.`;
    case "waiting":
      return view.question === null ? "Waiting for a manager's decision." : "Waiting for your answer.";
    case "compensating":
      return "Releasing what was reserved.";
    case "completed":
      return "Done.";
    case "failed":
      return view.run.error?.message ?? "Failed.";
    case "cancelled":
      return `Ended: ${view.run.reason ?? "cancelled"}.`;
  }
}

function questionCard(view: RunView): Card {
  const open = view.question;
  const last = view.dialogue.at(-1);
  return {
    ...empty,
    kind: "question",
    run: view.run.id,
    title: open === null ? "Answered" : "One question",
    text: open?.text ?? (last === undefined ? "" : `${last.question} — ${last.answer}`),
    tone: open === null ? "neutral" : "waiting",
    options: open?.options ?? [],
  };
}

/** The same body before and after the decision: buttons give way to an outcome line. */
export function approvalCard(view: RunView, approval: Approval): Card {
  const plan = view.plan?.document;
  const open = approval.status === "open";
  return {
    ...empty,
    kind: "approval",
    run: view.run.id,
    title: `Approve: order parts for ${subjectOf(view)}?`,
    text: open
      ? `Requested by ${approval.requester}. If nobody decides by ${isoMinute(approval.expiresAt)}, nothing is ordered and all reservations are released.`
      : outcomeText(view, approval),
    tone: open ? "waiting" : approvalTone(approval),
    facts: plan === undefined ? [] : planFacts(plan, approval),
    tables: plan === undefined ? [] : planTables(plan),
    approval: open ? { id: approval.id, planHash: approval.planHash, requester: approval.requester } : null,
  };
}
function approvalTone(approval: Approval): Card["tone"] {
  if (approval.decision?.verdict === "approved" && approval.status !== "withdrawn") {
    return "good";
  }
  return approval.status === "withdrawn" ? "neutral" : "bad";
}
function outcomeText(view: RunView, approval: Approval): string {
  const { decision } = approval;
  if (decision === null) {
    return approval.status === "expired"
      ? "Expired: nobody decided. Nothing was ordered."
      : "Withdrawn: the plan changed or the run ended.";
  }
  const verb = decision.verdict === "approved" ? "Approved" : "Rejected";
  const reason = decision.verdict === "rejected" && view.reason !== null ? ` Reason: ${view.reason}` : "";
  return `${verb} by ${decision.by} in ${decision.adapter} at ${isoMinute(decision.at)} (${decision.assurance}).${reason}`;
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
      title: "If something goes wrong",
      columns: ["Order", "Then"],
      rows: plan.fallbacks.map((each) => [
        each.order,
        each.action === "alternative"
          ? `order from ${each.replacement.supplierName} instead, ${moneyText(each.replacement.total)}`
          : `${each.action}: ${each.note}`,
      ]),
    },
    {
      title: "Can it be undone?",
      columns: ["What", "Undo"],
      rows: plan.effects.map((each) => [each.description, each.reversibility]),
    },
  ].filter((table) => table.rows.length > 0);
}
function orderTable(order: PlannedOrder): Card["tables"][number] {
  const blank = ["", "", ""];
  return {
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
      ...(view.reason === null ? [] : [{ label: "Reason", value: view.reason }]),
    ],
  };
}
function resultWord(view: RunView): string {
  if (view.run.status === "completed") {
    return "Done";
  }
  return view.run.status === "failed"
    ? "Failed"
    : (view.run.reason ?? "Cancelled").replace(/^./, (c) => c.toUpperCase());
}

export function moneyText(value: Money): string {
  return `${value.amount} ${value.currency}`;
}
/** "2026-01-31 14:05 UTC" */
export function isoMinute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
