import { type Card, cannotBeUndone } from "./card.ts";
import { emptyCard as empty, moneyText, subjectOf } from "./card-words.ts";
import { isoMinute } from "./iso-minute.ts";
import { howToCountersign } from "./countersigned.ts";
import type { Approval, Decision, PlanDocument, PlannedOrder } from "./domain.ts";
import { endingVerdicts } from "./policy/ending-verdicts.ts";
import { changesSince } from "./run-revisions.ts";
import type { RunView } from "./run-view.ts";

/** Pure: what the cards of an approval show, open, reminded of and decided. */

/** The same body before and after the decision: buttons give way to an outcome line. */
export function approvalCard(view: RunView, approval: Approval): Card {
  const { plan: shown = null, reason = null, because = null, signedOnly } = view.papers[approval.id] ?? {};
  const plan = shown?.document;
  if (plan === undefined) {
    return { ...unreadableCard, run: view.run.id };
  }
  const open = approval.status === "open";
  const missing = approval.quorum - approval.decisions.length;
  const whom = approval.quorum === 1 ? "nobody decides" : `${missing} more do not approve`;
  return {
    ...empty,
    kind: "approval",
    run: view.run.id,
    title: `Approve: order parts for ${subjectOf(view, plan)}?`,
    text: open
      ? `${because === null ? "" : `New plan ${approval.revision}. ${because} `}Requested by ${approval.requester}. ${signedOnly === true ? `No click counts: ${howToCountersign}. ` : ""}If ${whom} by ${isoMinute(approval.expiresAt)}, nothing is ordered and all reservations are released.`
      : `${outcomeText(approval, reason)}${outdatedText(view, approval)}`,
    tone: open ? "waiting" : approvalTone(approval),
    facts: [...planFacts(plan, approval), ...askedFacts(view, approval)],
    tables: [...changeTables(view, approval), ...planTables(plan)],
    approval: open ? openApproval(approval, signedOnly) : null,
    plan: { approval: approval.id, hash: approval.planHash },
  };
}
function openApproval(
  { id, planHash, requester, editors = [] }: Approval,
  signedOnly: true | undefined,
): Card["approval"] {
  return {
    id,
    planHash,
    authors: [requester, ...editors],
    ...(signedOnly === undefined ? {} : { signedOnly }),
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
function outcomeText(approval: Approval, why: string | null): string {
  const { decision, status } = approval;
  if (decision === null) {
    return status === "expired"
      ? "Expired: nobody decided. Nothing was ordered."
      : "Withdrawn: the plan changed or the run ended.";
  }
  const verb = decision.verdict === "approved" ? "Approved" : "Rejected";
  const reason = decision.verdict === "rejected" && why !== null ? ` Reason: ${why}` : "";
  const undone = status === "withdrawn" ? " Withdrawn afterwards: it took no effect." : "";
  return `${verb} ${decidedText(approval)}.${undone}${reason}`;
}
/** Of a plan that was approved and then made anew, because it could not be carried out any more. */
function outdatedText({ run }: RunView, { revision, status }: Approval): string {
  return revision < run.revision && status === "decided"
    ? " It took no effect: a new plan was made and waits for a decision of its own."
    : "";
}
/** What differs from the plan before, field by field. */
function changeTables(view: RunView, approval: Approval): Card["tables"] {
  const since = changesSince(view, approval);
  if (since === undefined) {
    return [];
  }
  const rows = since.changes.map((each) => [each.what, each.before, each.after]);
  return [
    {
      about: "change",
      title: `What changed since plan ${since.before}`,
      columns: ["What", "Before", "Now"],
      rows: rows.length === 0 ? [["Nothing", "", ""]] : rows,
    },
  ];
}
function planFacts(plan: PlanDocument, approval: Approval): Card["facts"] {
  return [
    { label: "Total", value: moneyText(plan.total) },
    { label: "Quote to customer", value: moneyText(plan.quote.total) },
    { label: "Margin", value: `${plan.quote.marginPercent} %` },
    { label: "Project", value: plan.project },
    { label: "Ship to", value: `${plan.shipTo.name}, ${plan.shipTo.city}, ${plan.shipTo.country}` },
    { label: "Trade-off", value: plan.tradeOff },
    ...(plan.leftOut === undefined ? [] : [{ label: "Left out", value: plan.leftOut.join(", ") }]),
    ...(plan.editors === undefined ? [] : [{ label: "Changed by", value: plan.editors.join(", ") }]),
    ...quorumFacts(approval),
    { label: "Plan hash", value: approval.planHash },
  ];
}
/** How far it is, and in which tier of the policy; nothing is known of those from before there were tiers. */
function quorumFacts({ tier, quorum, decisions }: Approval): Card["facts"] {
  if (tier === null) {
    return [];
  }
  const approved = decisions.filter(({ verdict }) => verdict === "approved");
  const who = approved.map((each) => ` · ${nameText(each)}`).join("");
  return [{ label: "Approvals", value: `${approved.length} of ${quorum}, tier ${tier}${who}` }];
}
/** What was asked back, and what was answered: people's own words. */
function askedFacts(view: RunView, { id }: Approval): Card["facts"] {
  return (view.papers[id]?.asked ?? []).flatMap(({ by, question, answer }) => [
    { label: `Question by ${by ?? "the workflow"}`, value: question },
    { label: "Answer", value: answer ?? "not answered yet" },
  ]);
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
      // What is final comes first.
      rows: plan.effects
        .toSorted(
          (a, b) => Number(b.reversibility === "irreversible") - Number(a.reversibility === "irreversible"),
        )
        .map((each) => [each.description, undoWords[each.reversibility]]),
    },
  ].filter((table) => table.rows.length > 0);
}
const undoWords = {
  reversible: "can be undone",
  compensable: "can be undone: it is released or corrected",
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

/** Who decided, when, where and how; all who approved. */
export function decidedText(approval: Approval): string {
  return endingVerdicts(approval).map(byText).join(" and ");
}
/** Who gave a verdict, by whose right, where, when and how. */
export function byText(each: Decision): string {
  return `by ${nameText(each)} ${placeText(each)} at ${isoMinute(each.at)} (${each.assurance})`;
}
function placeText({ adapter, signedAt }: Decision): string {
  return signedAt === undefined ? `in ${adapter}` : `on their own machine ${signedAt}`;
}
function nameText({ by, insteadOf, brokeGlass, standing }: Decision): string {
  const right = insteadOf === undefined ? "" : ` for ${insteadOf}`;
  const before = standing === undefined ? "" : `, in advance, under standing grant ${standing}`;
  return `${by}${right}${before}${brokeGlass === true ? " alone, in an emergency" : ""}`;
}

/** Brings an open approval to mind; once it is closed it asks for nothing any more. */
export function reminderCard(view: RunView, approval: Approval): Card {
  const { status, expiresAt, quorum, decisions, requester, escalatedAt } = approval;
  const base = { ...empty, kind: "notice", run: view.run.id } as const;
  if (status !== "open") {
    return { ...base, title: `No decision needed any more: ${subjectOf(view)}`, text: "", tone: "neutral" };
  }
  const count = quorum === 1 ? "" : ` ${decisions.length} of ${quorum} have approved.`;
  const passedOn = escalatedAt === null ? "" : " It is passed on to others as well.";
  const unanswered = view.papers[approval.id]?.asked?.at(-1)?.answer === null;
  const asked = unanswered ? ` ${requester} has not answered the question about it yet.` : "";
  return {
    ...base,
    title: `Still waiting for a decision: ${subjectOf(view)}`,
    text: `Requested by ${requester}.${count}${passedOn}${asked} If nobody decides by ${isoMinute(expiresAt)}, nothing is ordered.`,
    tone: "waiting",
    facts: [{ label: "Approval", value: approval.id }],
  };
}

/** Tells those who may decide what the requester answered to one of them. */
export function answeredCard(view: RunView, approval: Approval, number: number): Card | null {
  const { requester, status, id } = approval;
  const answered = view.papers[id]?.asked?.find((each) => each.number === number);
  return answered === undefined
    ? null
    : {
        ...empty,
        kind: "notice",
        run: view.run.id,
        title: `Answered by ${requester}: ${subjectOf(view)}`,
        text: `${answered.question} — ${answered.answer ?? ""}`,
        tone: status === "open" ? "waiting" : "neutral",
        facts: [{ label: "Approval", value: id }],
      };
}

/** Tells named people that somebody decided alone, so that they look at it afterwards; then what was found. */
export function announcementCard(
  view: RunView,
  approval: Approval,
  { again = false }: { readonly again?: boolean } = {},
): Card {
  const { plan = null, review = null } = view.papers[approval.id] ?? {};
  const decided = `Approved ${decidedText(approval)}, where ${approval.quorum} must approve.`;
  const title = again ? "Not reviewed yet: decided alone" : "Decided alone";
  return {
    ...empty,
    kind: "notice",
    run: view.run.id,
    title: `${review === null ? title : "Decided alone, and reviewed"}: ${subjectOf(view)}`,
    text:
      review === null
        ? `${decided} Please review it.`
        : `${decided} Reviewed by ${review.by} at ${isoMinute(review.at)}: ${review.note}`,
    tone: review === null ? "bad" : "neutral",
    facts: [
      ...(plan === null ? [] : [{ label: "Total", value: moneyText(plan.document.total) }]),
      { label: "Approval", value: approval.id },
    ],
  };
}
