import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunDetail } from "../../src/desk-types.ts";
import { explainRun, type StoryRecord } from "../../src/explain.ts";
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
  approvals: [],
  verdictReason: null,
  plan: null,
};
const records: readonly StoryRecord[] = [
  { at, kind: "request", facts: { person: "employee" } },
  { at, kind: "envelope", facts: { direction: "in", step: "credit", instance: "b" } },
  { at, kind: "refusal", facts: { code: "not-allowed" } },
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
      ["Refused or alarmed", "2026-01-05 09:00:00 UTC: refusal not-allowed"],
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

test("quoted text is one line of at most 300 characters, without halves of characters", () => {
  assert.equal(quoted("a\r\n\tb"), "“a b”");
  assert.equal(quoted("\u200Bx\u2028y\u0007"), "“\u{FFFD}x\u{FFFD}y\u{FFFD}”");
  const long = quoted(`${"x".repeat(299)}${"😀".repeat(10)}`);
  assert.equal(long.length, 303);
  assert.ok(long.isWellFormed());
});
