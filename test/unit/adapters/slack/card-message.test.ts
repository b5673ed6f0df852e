import assert from "node:assert/strict";
import { test } from "node:test";
import { cardMessage } from "../../../../adapters/slack/blocks/card-message.ts";
import { actionValues, isAnswer } from "../../../../adapters/slack/blocks/slack-actions.ts";
import type { Card } from "../../../../src/card.ts";
import { sampleOrder, samplePlan, sampleReplacement } from "../../../fakes/sample-plan.ts";
import { sampleApproval, sampleRun } from "../../../fakes/sample-run.ts";
import { shownText } from "./block-texts.ts";
import { bigPlan, cardOf, decidedCard, openCard, viewWith } from "./sample-cards.ts";

function shown(card: Card): string {
  return shownText(cardMessage(card).blocks);
}
function buttonsOf(card: Card) {
  return cardMessage(card).blocks.flatMap((block) =>
    block.type === "actions" ? block.elements.filter((each) => each.type === "button") : [],
  );
}

test("an open approval says what, for whom, how much, from whom, where to, what is final, who asks and until when", () => {
  const plan = samplePlan({
    orders: [sampleOrder(), sampleReplacement({ id: "run1-1-2" })],
    fallbacks: [{ order: "run1-1-1", action: "hold", note: "wait for a person" }],
    effects: [
      { step: "note", description: "CRM is told", reversibility: "compensable" },
      { step: "orders", description: "2 orders are placed", reversibility: "irreversible" },
    ],
  });
  assert.equal(
    shown(openCard(plan)),
    [
      "Approve: order parts for 5 × Widget for Customer XYZ?",
      "Total 520.30 USD  ·  Quote to customer 624.36 USD  ·  Margin 20 %  ·  Project prj",
      "Ship to Customer XYZ, Sampletown, US",
      "Trade-off Cheapest: 520.30 USD with all parts in 9 days.",
      "Approvals 0 of 1, tier standard",
      "2 orders",
      "Alpha Parts · 520.30 USD · standard, by 2026-03-11 · account XX00ALPHA",
      "Beta Supply · 503.60 USD · standard, by 2026-03-11 · account XX00BETA",
      "Can it be undone?",
      "2 orders are placed: cannot be undone",
      "CRM is told: can be undone: it is released or corrected",
      "Plan abababababab · 1 fallback prepared · Details shows every line",
      "Requested by employee. If nobody decides by 2026-01-08 09:00 UTC, nothing is ordered and all reservations are released.",
      "[Approve] [Reject] [Edit] [Details]",
    ].join("\n"),
  );
});

test("the buttons of an open approval name approval and plan; Approve is primary, Reject danger", () => {
  const [approve, reject, edit, details] = buttonsOf(openCard());
  const decision = { approval: "a1", planHash: "ab".repeat(32) };
  assert.deepEqual([approve?.style, reject?.style, details?.style], ["primary", "danger", undefined]);
  assert.deepEqual(actionValues.decision.parse(approve?.value), decision);
  assert.deepEqual(actionValues.decision.parse(reject?.value), decision);
  assert.deepEqual(actionValues.decision.parse(edit?.value), decision);
  assert.deepEqual(actionValues.page.parse(details?.value), { approval: "a1", page: 0 });
});

test("a decision changes only the outcome and the buttons: who, when, where, assurance, reason", () => {
  const open = cardMessage(openCard()).blocks;
  for (const [verdict, why, outcome] of [
    ["approved", undefined, "✓ Approved by manager in slack at 2026-01-05 10:30 UTC (clicked)."],
    [
      "rejected",
      "too dear",
      "✕ Rejected by manager in slack at 2026-01-05 10:30 UTC (clicked). Reason: too dear",
    ],
  ] as const) {
    const card = decidedCard(verdict, why);
    const decided = cardMessage(card).blocks;
    assert.deepEqual(decided.slice(0, -2), open.slice(0, -2));
    assert.equal(shownText(decided.at(-2)), outcome);
    assert.deepEqual(
      buttonsOf(card).map((each) => each.action_id),
      ["details"],
    );
  }
});

test("where no click counts the card says how to sign, and no button that decides", () => {
  const { papers } = viewWith({});
  const signed = Object.fromEntries(
    Object.entries(papers).map(([id, each]) => [id, { ...each, signedOnly: true as const }]),
  );
  const card = cardOf("approval-a1", { papers: signed });
  assert.match(shown(card), /No click counts: sign it on a machine of your own/);
  assert.match(shown(card), /countersign inbox --keys FILE/);
  assert.deepEqual(
    buttonsOf(card).map((each) => each.action_id),
    ["edit", "details"],
  );
  const at = Date.UTC(2026, 0, 5, 10, 30);
  const decisions = (["manager", "manager-2"] as const).map((by) => {
    const how = { assurance: "countersigned", adapter: "atsign", signedAt: `@cs-${by}/main` } as const;
    return { by, verdict: "approved", at, ...how } as const;
  });
  const [, decision] = decisions;
  const closed = { id: "a1", status: "decided", quorum: 2, tier: "large", decisions } as const;
  const approvals = [sampleApproval("run1", { ...closed, decision: decision ?? null })];
  assert.match(
    shown(cardOf("approval-a1", { approvals })),
    /by manager on their own machine @cs-manager\/main at 2026-01-05 10:30 UTC \(countersigned\) and by manager-2 on their own machine @cs-manager-2\/main/,
  );
});

test("an approval whose plan cannot be shown has no button", () => {
  const card = cardOf("approval-a1", { papers: {} });
  assert.match(shown(card), /not the one that was put up/);
  assert.deepEqual(buttonsOf(card), []);
});

test("more orders than fit are counted, and Details is named; a long title is told in full", () => {
  const text = shown(openCard({ ...bigPlan(47, 1), customerName: "N".repeat(180) }));
  assert.match(text, /^47 orders$/m);
  assert.match(text, /^… and 37 more: see Details$/m);
  assert.match(text, /^Approve: .*N{100}…$/m);
  assert.match(text, /^Approve: .*N{180}\?$/m);
});

test("progress: every step on a line with its state, agent, atSign and duration", () => {
  assert.equal(
    shown(cardOf("progress-run1")),
    [
      "5 × Widget for Customer XYZ",
      "Waiting for a manager's decision.",
      "✓ Route · financial · @cs-financial · 0.0 s",
      "✓ Check credit · financial · @cs-financial · 0.2 s",
      "✓ Explode · bot · 0.4 s",
      "◐ Reserve · financial · @cs-financial · waiting",
      "○ Place orders · financial · @cs-financial · to do",
      "[Cancel request]",
    ].join("\n"),
  );
});

test("progress: a running request can be cancelled, an ended one cannot", () => {
  const [cancel] = buttonsOf(cardOf("progress-run1", { run: sampleRun("run1") }));
  assert.deepEqual(actionValues.run.parse(cancel?.value), { run: "run1" });
  assert.ok(cancel?.confirm !== undefined);
  for (const status of ["completed", "failed", "cancelled"] as const) {
    assert.deepEqual(buttonsOf(cardOf("progress-run1", { run: sampleRun("run1", { status }) })), []);
  }
});

test("progress: of very many steps the ones done first become one line, and no other is dropped silently", () => {
  const [step] = viewWith({}).steps;
  assert.ok(step !== undefined);
  const many = (count: number, status: "completed" | "pending") =>
    Array.from({ length: count }, (_, at) => ({ ...step, id: `${status}-${at}.`, status, ms: 3_725_000 }));
  const text = shown(cardOf("progress-run1", { steps: [...many(60, "completed"), ...many(60, "pending")] }));
  const lines = text.split("\n").filter((each) => /^[✓○]/u.test(each));
  const folded = Number(/the first (\d+) steps are done/.exec(text)?.[1] ?? 0);
  const over = Number(/and (\d+) more steps/.exec(text)?.[1] ?? 0);
  assert.equal(folded + (lines.length - 1) + over, 120);
  assert.match(shown(cardOf("progress-run1", { steps: many(1, "completed") })), / · 1 h 2 min$/m);
});

test("a question has one button per answer, and says how to answer otherwise", () => {
  const card = cardOf("question-run1-1", {
    question: { text: "Which customer?", options: ["Customer XYZ", "Customer ABC"] },
  });
  assert.equal(
    shown(card),
    "One question\nWhich customer?\n[Customer XYZ] [Customer ABC]\nOr answer in this thread, in your own words.",
  );
  const buttons = buttonsOf(card);
  assert.deepEqual(
    buttons.map((each) => actionValues.answer.parse(each.value)),
    [
      { run: "run1", answer: "Customer XYZ" },
      { run: "run1", answer: "Customer ABC" },
    ],
  );
  assert.ok(buttons.every((each) => isAnswer(each.action_id ?? "")));
  assert.ok(!isAnswer("answer-x") && !isAnswer("approve"));
});

test("lesson 12: each question keeps its own card: an answered one does not show the next one's buttons", () => {
  const view = {
    dialogue: [{ question: "Which customer?", answer: "XYZ" }],
    question: { text: "Which widget?", options: ["W-1", "W-2"] },
  };
  assert.equal(shown(cardOf("question-run1-1", view)), "Answered\nWhich customer? — XYZ");
  assert.match(shown(cardOf("question-run1-2", view)), /^One question\nWhich widget\?\n\[W-1\] \[W-2\]/);
  const { dialogue } = view;
  assert.equal(shown(cardOf("question-run1-2", { dialogue })), "Not answered\nThe request ended before.");
});

test("a question without offered answers says how to answer", () => {
  const card = cardOf("question-run1-1", { question: { text: "How many?", options: [] } });
  assert.equal(shown(card), "One question\nHow many?\nAnswer in this thread, in your own words.");
});

test("answers too long for a button are listed in full under the button's number", () => {
  const long = "The customer with the very long name that no button could ever show";
  const card = cardOf("question-run1-1", { question: { text: "Which?", options: ["Short", long] } });
  assert.ok(shown(card).includes(`1. Short\n2. ${long}\n[1] [2]`));
  assert.equal(actionValues.answer.parse(buttonsOf(card)[1]?.value).answer, long);
});

test("answers beyond the tenth have no button, and the card says how many there are", () => {
  const options = Array.from({ length: 14 }, (_, at) => `Answer ${at + 1}`);
  const card = cardOf("question-run1-1", { question: { text: "Which?", options } });
  assert.match(shown(card), /^10\. Answer 10\n… and 4 more\n\[1\] .* \[10\]$/m);
  const buttons = buttonsOf(card);
  assert.ok(buttons.length === 10 && buttons.every((each) => isAnswer(each.action_id ?? "")));
});

test("an answered question keeps question and answer and loses its buttons", () => {
  const card = cardOf("question-run1-1", { dialogue: [{ question: "Which customer?", answer: "XYZ" }] });
  assert.equal(shown(card), "Answered\nWhich customer? — XYZ");
  assert.deepEqual(buttonsOf(card), []);
});

test("a result says how it ended, who decided and why, because who asked sees no approval card", () => {
  const run = sampleRun("run1", { status: "cancelled", reason: "rejected" });
  assert.equal(
    shown(cardOf("result-run1", { run, reason: "too dear" })),
    "✕ Rejected: 5 × Widget for Customer XYZ\nEnded: rejected.\nReason too dear",
  );
  const at = Date.UTC(2026, 0, 5, 10, 30);
  const decision = {
    by: "manager",
    verdict: "rejected",
    at,
    assurance: "clicked",
    adapter: "slack",
  } as const;
  const approvals = [sampleApproval("run1", { status: "decided", decision })];
  assert.match(
    shown(cardOf("result-run1", { run, approvals })),
    /^Rejected by manager in slack at 2026-01-05 10:30 UTC \(clicked\)$/m,
  );
});

test("a notification is plain: no mention, link, emoji, formatting or entity of the text's own", () => {
  const card = cardOf("result-run1", {
    run: sampleRun("run1", {
      status: "failed",
      error: { code: "x", message: "<!channel> *b* :tada: @here &lt; https://x.invalid", retryable: false },
    }),
  });
  assert.equal(
    cardMessage(card).text,
    "Failed∶ 5 × Widget for Customer XYZ &lt;!channel&gt; ∗b∗ ∶tada: ＠here &amp;lt; https∶//x.invalid.".replace(
      "Failed∶",
      "Failed:",
    ),
  );
});
