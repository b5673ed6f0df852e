import assert from "node:assert/strict";
import { test } from "node:test";
import { quoteFile } from "../../../../adapters/slack/blocks/quote-file.ts";
import type { RunDetail } from "../../../../src/desk-types.ts";
import type { Json } from "../../../../src/domain.ts";
import { samplePlan } from "../../../fakes/sample-plan.ts";

const plan = (change: Parameters<typeof samplePlan>[0] = {}) => ({
  hash: "ab".repeat(32),
  document: samplePlan(change) as unknown as Json,
});
function completed(change: Partial<RunDetail> = {}): RunDetail {
  const quote = { total: { amount: "624.36", currency: "USD" }, cost: { amount: "520.30", currency: "USD" } };
  return {
    id: "run1",
    title: "",
    paused: false,
    requestText: "",
    status: "completed",
    reason: null,
    error: null,
    requester: "employee",
    thread: "slack:T1/C1/1.1",
    createdAt: 0,
    updatedAt: Date.UTC(2026, 2, 1, 23),
    dialogue: [],
    question: null,
    approvals: [],
    plannedAnew: [],
    verdictReason: null,
    plan: plan(),
    steps: [
      {
        id: "quote",
        label: "Quote",
        agent: "quoting",
        atSign: "@cs-quoting",
        status: "completed",
        ms: 1,
        error: null,
        input: null,
        output: { ...quote, text: "Dear Customer XYZ,\nwe offer 5 pcs Widget at 624.36 USD." },
      },
    ],
    ...change,
  };
}

test("the quote says what the customer is to know, and nothing of costs, margin and suppliers", () => {
  assert.deepEqual(quoteFile(completed()), {
    name: "quote-run1.txt",
    title: "Quote: 5 × Widget for Customer XYZ",
    content: `Quote: 5 × Widget for Customer XYZ

Dear Customer XYZ,
we offer 5 pcs Widget at 624.36 USD.

Customer:   Customer XYZ
Item:       Widget
Quantity:   5
Delivery:   2026-03-11
Total:      624.36 USD
Date:       2026-03-01
Reference:  run1
`,
  });
});

test("without an agent's wording, or anything to order, the figures remain", () => {
  const content = quoteFile(completed({ steps: [], plan: plan({ orders: [] }) }))?.content ?? "";
  assert.match(content, /^Quote: 5 × Widget for Customer XYZ\n\nCustomer:/);
  assert.doesNotMatch(content, /Delivery/);
});

test("no quote before the end, without a plan, or of what is no plan", () => {
  assert.equal(quoteFile(completed({ status: "running" })), undefined);
  assert.equal(quoteFile(completed({ status: "failed" })), undefined);
  assert.equal(quoteFile(completed({ plan: null })), undefined);
  assert.equal(quoteFile(completed({ plan: { hash: "", document: { total: "1" } } })), undefined);
});
