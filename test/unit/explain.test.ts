import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval } from "../../src/domain.ts";
import { sampleApproval } from "../fakes/sample-run.ts";
import type { RunDetail } from "../../src/desk-types.ts";
import { explainRun } from "../../src/explain.ts";
import { journalKinds, type JournalKind } from "../../src/record-types.ts";
import { type StoryRecord, tellings } from "../../src/story-records.ts";
import { quoted } from "../../src/quoted.ts";

const at = Date.parse("2026-01-05T09:00:00.000Z");
const done = {
  agent: "financial",
  atSign: "@cs-financial",
  status: "completed",
  ms: 12,
  error: null,
  input: null,
} as const;
const money = (amount: string) => ({ amount, currency: "USD" });
const run: RunDetail = {
  id: "run1",
  title: "",
  paused: false,
  status: "cancelled",
  reason: "rejected",
  error: null,
  requester: "employee",
  thread: "console:1",
  createdAt: at,
  updatedAt: at + 4_200,
  requestText: "Order\u001b[2J parts\nfor “50” widgets",
  steps: [
    {
      ...done,
      id: "credit",
      label: "Credit",
      output: { customerName: "XYZ\u202Eevil", exposure: money("1200.00"), limit: money("1234567.00") },
    },
    { ...done, id: "reserve", label: "Reserve", status: "compensated", output: null },
    { ...done, id: "plan", label: "Plan", agent: null, atSign: null, output: { odd: true } },
    { ...done, id: "orders", label: "Orders", status: "pending", output: null },
  ],
  dialogue: [],
  question: null,
  approvals: [],
  plannedAnew: [],
  verdictReason: null,
  plan: null,
};
const records: readonly StoryRecord[] = [
  { at, kind: "request", facts: { person: "employee" } },
  { at, kind: "envelope", facts: { direction: "in", step: "credit", instance: "b" } },
  { at, kind: "refusal", facts: { code: "not-allowed", person: "employee-2" } },
];
const call = { caller: "router", role: "router", promptBytes: 10, ms: 5 };
const models: readonly StoryRecord[] = [
  { at, kind: "model", facts: { ...call, model: "small", answerBytes: 7, tokens: 3, cost: "USD 0.01" } },
  { at, kind: "model", facts: { ...call, code: "model-unavailable" } },
];

test("a run is told by its record and journal; what people wrote is quoted and harmless", () => {
  const story = explainRun({ id: "run1", run, records, models });
  assert.equal(story.status, "cancelled (rejected)");
  assert.deepEqual(
    story.parts.map(({ heading, lines }) => [heading, ...lines]),
    [
      [
        "Asked",
        "2026-01-05 09:00:00 UTC: employee asked in console: “Order\u{FFFD}[2J parts for '50' widgets”",
      ],
      [
        "Done",
        "Credit: done by financial @cs-financial instance b, 12 ms: within the limit: “XYZ\u{FFFD}evil” would owe USD 1,200.00 of USD 1,234,567.00",
        "Reserve: done, and undone again by financial @cs-financial, 12 ms",
        "Plan: done by the bot itself, 12 ms",
      ],
      ["Undone", "Reserve was undone"],
      ["Refused or alarmed", "2026-01-05 09:00:00 UTC: employee-2 was refused: not-allowed"],
      [
        "Models",
        "model small: 1 call, 5 ms; 10 bytes asked, 7 answered; 3 tokens; charged: USD 0.01",
        "model router: 1 call, 1 of them failed, 5 ms; 10 bytes asked, 0 answered; no tokens were reported; no cost was reported",
      ],
      [
        "Took",
        "4.2 s from the request to the last change",
        "1 envelope and 3 journal records on the bot's side",
      ],
    ],
  );
});

test("every verdict is told, also of a quorum, by whose right, in advance and alone", () => {
  const given = { verdict: "approved", at, assurance: "clicked", adapter: "slack" } as const;
  const approval = sampleApproval("run1", { quorum: 2, tier: "large", planHash: "ab".repeat(32) });
  const told = (change: Partial<Approval>) => {
    const { parts } = explainRun({
      id: "run1",
      run: { ...run, approvals: [{ ...approval, ...change }], verdictReason: "too dear" },
      records,
      models,
    });
    return parts.find(({ heading }) => heading === "Decided")?.lines.map((line) => line.slice(25)) ?? [];
  };
  const plan = `“${approval.action}” on plan abababababab…`;
  const end = "(revision 1) in slack, assurance clicked";
  const first = { ...given, by: "helper", insteadOf: "manager" };
  const second = { ...given, by: "manager-2" };
  assert.deepEqual(told({ status: "decided", decisions: [first, second], decision: second }), [
    `helper, by the right of manager, approved ${plan} ${end}`,
    `manager-2 approved ${plan} ${end}`,
  ]);
  const no = { ...second, verdict: "rejected" as const };
  assert.deepEqual(
    told({ status: "decided", decisions: [first, no], decision: no }).at(-1),
    `manager-2 rejected ${plan} ${end}, because “too dear”`,
  );
  const standing = { ...given, by: "manager", standing: "s1" };
  assert.deepEqual(told({ status: "decided", decisions: [standing], decision: standing }), [
    `manager, in advance, by standing grant s1, approved ${plan} ${end}`,
  ]);
  assert.equal(told({ status: "open", decisions: [first] }).length, 2, "and that it waits");
  assert.equal(told({ status: "decided", decisions: [], decision: second }).length, 1, "of an old run");
});

test("a question that was not answered yet is told", () => {
  const { parts } = explainRun({ id: "run1", run: { ...run, question: "Which product?" }, records, models });
  const asked = parts.find(({ heading }) => heading === "Asked");
  assert.ok(asked?.lines.includes("asked back “Which product?”, not answered yet"));
});

test("of an erased run the journal still tells who, when and what was decided", () => {
  const decided = { state: "recorded", by: "manager", verdict: "approved", planHash: "ab".repeat(32) };
  const facts = { ...decided, adapter: "slack", assurance: "clicked" };
  const all: readonly StoryRecord[] = [
    ...records,
    { at, kind: "decision", facts },
    { at, kind: "run", facts: { status: "completed" } },
    { at: at + 1_000, kind: "erasure", facts: { by: "admin" } },
  ];
  const { status, parts } = explainRun({ id: "run1", run: null, records: all, models: [] });
  assert.equal(status, "completed");
  const line = (heading: string) => parts.find((part) => part.heading === heading)?.lines[0];
  assert.equal(line("Asked"), "2026-01-05 09:00:00 UTC: employee asked; what was said is erased");
  assert.equal(
    line("Decided"),
    "2026-01-05 09:00:00 UTC: manager approved plan abababababab… in slack, assurance clicked",
  );
  assert.equal(line("Erased"), "2026-01-05 09:00:01 UTC: admin had what was said erased");
});

test("who changed what of a plan, in which place, from which plan to which; and why a plan was stopped", () => {
  const facts = { approval: "a1", planHash: "ab".repeat(32), adapter: "slack" };
  const all: readonly StoryRecord[] = [
    { at, kind: "edit", facts: { ...facts, revision: 1, by: "manager", fields: "quantity marginPercent" } },
    { at: at + 1_000, kind: "edit", facts: { revision: 2, by: null, fields: "", givenUp: true } },
    {
      at: at + 2_000,
      kind: "step",
      facts: { revision: 3, step: "orders", attempt: 1, status: "failed", error: "plan-drifted" },
    },
  ];
  const plannedAnew: RunDetail["plannedAnew"] = [
    {
      revision: 4,
      before: 3,
      because: "motor: 3 → 4",
      changes: [{ what: "Total", before: "1", after: "2" }],
    },
  ];
  const told = (detail: RunDetail | null) =>
    explainRun({ id: "run1", run: detail, records: all, models }).parts.find(
      ({ heading }) => heading === "Changed",
    )?.lines;
  const events = [
    "2026-01-05 09:00:00 UTC: manager changed quantity, margin of plan abababababab… in slack: from plan 1 to plan 2",
    "2026-01-05 09:00:01 UTC: what was changed could not be planned: plan 2 was given up, and plan 3 is made without it",
    "2026-01-05 09:00:02 UTC: plan 3 was stopped at “orders” before anything of it was sent: prices or stock had moved",
  ];
  assert.deepEqual(told({ ...run, plannedAnew }), [
    ...events,
    "plan 4 took the place of plan 3: “motor: 3 → 4”",
    "“Total”: “1” → “2”",
  ]);
  assert.deepEqual(told(null), events, "also of an erased run");
});

test("every kind of journal record is told, or is known not to be", () => {
  const plan = { approval: "a1", planHash: "ab".repeat(32), adapter: "slack", revision: 1, step: "gate" };
  const samples: Readonly<Partial<Record<JournalKind, StoryRecord["facts"]>>> = {
    alarm: { code: "glass-broken" },
    answer: { step: "route", question: 1 },
    approval: { ...plan, status: "reminded", tier: "large", notices: 1 },
    "ask-back": { ...plan, question: 1, by: "manager" },
    cancel: { by: "employee" },
    decision: { ...plan, by: "manager", verdict: "approved", assurance: "clicked", state: "recorded" },
    edit: { ...plan, by: "manager", fields: "quantity" },
    effect: { step: "orders", revision: 1, agent: "supply", skill: "place-orders" },
    erasure: { by: "admin", what: "texts" },
    export: { by: "admin", texts: true },
    pause: { by: "employee", paused: true },
    refusal: { code: "not-allowed" },
    request: { person: "employee", thread: "console:1" },
    review: { ...plan, by: "admin", state: "reviewed" },
    shadow: { workflow: "order-parts" },
    standing: { grant: "s1", state: "used", approval: "a1", amount: "12.00", currency: "USD" },
    step: { ...plan, attempt: 1, status: "failed", error: "plan-drifted" },
    undo: { by: "manager", what: "undo" },
  };
  const untold = journalKinds.filter((kind) => samples[kind] === undefined);
  const ofNoRun = ["account", "delegation", "freeze", "import", "sign-in-link"];
  const toldOtherwise = ["envelope", "model", "run"];
  assert.deepEqual(untold, [...ofNoRun, ...toldOtherwise].toSorted());
  for (const kind of journalKinds) {
    const facts = samples[kind];
    const records = [{ at, kind, facts: facts ?? {} }];
    const lines = explainRun({ id: "run1", run: null, records, models: [] }).parts.flatMap((part) =>
      part.heading === "Took" ? [] : part.lines,
    );
    assert.equal(lines.length, facts === undefined ? 0 : 1, kind);
    assert.ok(!lines.some((line) => line.includes("undefined")), lines[0]);
    assert.equal(typeof tellings[kind] === "string", facts === undefined, kind);
  }
});

test("quoted text is one line of at most 300 characters, without halves of characters", () => {
  assert.equal(quoted("a\r\n\tb"), "“a b”");
  assert.equal(quoted("\u200Bx\u2028y\u0007"), "“\u{FFFD}x\u{FFFD}y\u{FFFD}”");
  const long = quoted(`${"x".repeat(299)}${"😀".repeat(10)}`);
  assert.equal(long.length, 303);
  assert.ok(long.isWellFormed());
});
