import assert from "node:assert/strict";
import { test } from "node:test";
import { detailsModal } from "../../../../adapters/slack/blocks/details-modal.ts";
import { helpText } from "../../../../adapters/slack/blocks/help-text.ts";
import { homeView } from "../../../../adapters/slack/blocks/home-view.ts";
import { reasonMissing, rejectModal } from "../../../../adapters/slack/blocks/modals.ts";
import { planFile } from "../../../../adapters/slack/blocks/plan-file.ts";
import {
  actionIds,
  actionValues,
  callbackIds,
  reasonField,
  valueOf,
} from "../../../../adapters/slack/blocks/slack-actions.ts";
import { canonicalHash } from "../../../../src/canonical.ts";
import type { AgentHealth, AgentInfo } from "../../../../src/desk-types.ts";
import type { Json } from "../../../../src/domain.ts";
import { samplePlan } from "../../../fakes/sample-plan.ts";
import { sampleApproval } from "../../../fakes/sample-run.ts";
import { shownText } from "./block-texts.ts";
import { bigPlan, decidedCard, openCard } from "./sample-cards.ts";

function agent(id: string, health: AgentHealth): AgentInfo {
  return { id, atSign: `@cs-${id}`, description: "", inFlight: 0, health, instances: [] };
}
/** All pages, as somebody sees them who presses Next until there is none. */
function allPages(card: ReturnType<typeof openCard>) {
  const pages = [detailsModal(card)];
  for (;;) {
    const last = pages.at(-1);
    const next = last?.blocks
      .flatMap((block) => (block.type === "actions" && "elements" in block ? block.elements : []))
      .find((each) => each.type === "button" && each.action_id === actionIds.nextPage);
    if (next?.type !== "button") {
      return pages;
    }
    pages.push(detailsModal(card, actionValues.page.parse(next.value).page));
  }
}

test("details: every line of every order is reached by Next, once, and Previous leads back", () => {
  for (const [orders, lines] of [
    [1, 1],
    [1, 500],
    [200, 3],
  ] as const) {
    const pages = allPages(openCard(bigPlan(orders, lines)));
    const text = pages.map((view) => shownText(view.blocks)).join("\n");
    for (let order = 1; order <= orders; order += 1) {
      for (let at = 1; at <= lines; at += 1) {
        assert.equal(text.split(`part-${order}-${at}. `).length, 2, `part-${order}-${at}`);
      }
    }
    assert.equal(text.split("Order total —").length - 1, orders);
    assert.ok(lines === 1 ? pages.length === 1 : pages.length > 1);
    const last = shownText(pages.at(-1)?.blocks);
    assert.equal(/\[Previous\]/.test(last), pages.length > 1);
    assert.match(last, new RegExp(`Plan hash ${"ab".repeat(32)}`));
  }
});

test("details: a page is small enough to open at once, and never has more blocks than Slack takes", () => {
  const card = openCard(bigPlan(1, 500));
  const table = { about: "effect", title: "T", columns: ["A"], rows: [["x"]] } as const;
  const tiny = { ...card, tables: Array.from({ length: 300 }, () => table) };
  for (const pages of [allPages(card), allPages(tiny)]) {
    for (const { blocks } of pages) {
      assert.ok(blocks.length <= 100 && JSON.stringify(blocks).length < 65_000);
      assert.ok(blocks.every((block) => shownText(block).length <= 3000));
    }
  }
  assert.equal(allPages(tiny).flatMap(({ blocks }) => shownText(blocks).match(/^x$/gm) ?? []).length, 300);
});

test("details: a page beyond the last is the last, one before the first is the first", () => {
  const card = openCard(bigPlan(1, 500));
  assert.deepEqual(detailsModal(card, 999), allPages(card).at(-1));
  assert.deepEqual(detailsModal(card, -1), detailsModal(card));
});

test("details stay readable after the decision, with its outcome", () => {
  assert.match(shownText(detailsModal(decidedCard("rejected", "too dear")).blocks), /Reason: too dear/);
});

test("the reject view asks for a reason and remembers what it is about", () => {
  const about = { approval: "a1", planHash: "ab".repeat(32) };
  const view = rejectModal({ ...about, title: "Order parts" });
  assert.deepEqual([view.callback_id, view.submit?.text], [callbackIds.reject, "Reject"]);
  assert.deepEqual(actionValues.decision.parse(view.private_metadata), about);
  const input = view.blocks.find((block) => block.type === "input");
  assert.ok(input !== undefined && "element" in input && input.element.type === "plain_text_input");
  const { multiline, max_length, action_id } = input.element;
  assert.deepEqual(
    [multiline, max_length, action_id, input.block_id],
    [true, 2000, reasonField.action, reasonField.block],
  );
  const answered = (value: unknown) => ({
    values: { [reasonField.block]: { [reasonField.action]: { type: "plain_text_input", value } } },
  });
  assert.equal(actionValues.reason.parse(answered(" too dear \n")), "too dear");
  assert.deepEqual(Object.keys(reasonMissing.errors), [input.block_id]);
  for (const wrong of [answered(" \n"), answered(null), answered("x".repeat(2001)), { values: {} }, {}]) {
    assert.equal(actionValues.reason.safeParse(wrong).success, false);
  }
});

test("values from Slack are parsed: what is not ours is refused", () => {
  const good = valueOf.decision({ approval: "a1", planHash: "ab".repeat(32) });
  assert.equal(actionValues.decision.parse(good).approval, "a1");
  for (const wrong of [
    "",
    "{",
    "null",
    '{"approval":"a1"}',
    good.replace("ab", "AB"),
    good.replace("}", ',"x":1}'),
    undefined,
    5,
  ]) {
    assert.equal(actionValues.decision.safeParse(wrong).success, false, String(wrong));
  }
  assert.equal(actionValues.page.safeParse('{"approval":"a1","page":-1}').success, false);
  assert.equal(actionValues.answer.safeParse('{"run":"r","answer":""}').success, false);
});

test("the plan file has every line in aligned columns, and the signed bytes only when the hash is theirs", () => {
  const plan = samplePlan();
  const document = plan as unknown as Json;
  const card = openCard(plan);
  const hash = canonicalHash(plan);
  const named = { ...card, plan: { approval: "a1", hash } };
  const { name, content } = planFile(named, document);
  assert.equal(name, `plan-${hash.slice(0, 12)}.txt`);
  assert.match(content, /^Part {9}Quantity {2}Unit price {4}At most {7}Total$/m);
  assert.match(content, /^motor Motor {5}5 pcs {3}90\.00 USD {2}94\.50 USD {2}450\.00 USD$/m);
  assert.match(content, /^Order total {35}520\.30 USD$/m);
  const bytes = content.trimEnd().split("\n").at(-1) ?? "";
  assert.equal(canonicalHash(JSON.parse(bytes)), hash);
  assert.doesNotMatch(planFile(card, document).content, /as it is signed/);
  const big = planFile(openCard(bigPlan(5, 100)), null).content;
  assert.equal(big.split("\n").filter((each) => each.startsWith("part-")).length, 500);
});

test("home: approvals of others with working buttons, my requests, the agents", () => {
  const times = { createdAt: Date.UTC(2026, 0, 5), updatedAt: 0, thread: "slack:T/C", error: null } as const;
  const view = homeView({
    person: "manager",
    requests: [
      {
        ...times,
        id: "run7",
        title: "Order 5 widgets",
        paused: false,
        status: "cancelled",
        reason: "expired",
        requester: "manager",
      },
    ],
    approvals: [
      { approval: sampleApproval("run1"), card: openCard() },
      { approval: sampleApproval("run2"), card: decidedCard("approved") },
    ],
    agents: [
      agent("router", { state: "idle", text: "idle" }),
      agent("supply", { state: "silent", text: "no answer since 10:00 UTC to 2 requests" }),
    ],
    outcome: { text: "Approved.", card: decidedCard("approved") },
  });
  assert.equal(
    shownText(view.blocks),
    [
      "Approved.",
      "Approve: order parts for 5 × Widget for Customer XYZ?",
      "Total 520.30 USD  ·  Quote to customer 624.36 USD  ·  Margin 20 %  ·  Project prj",
      "1 order is placed: cannot be undone",
      "Approved by manager in slack at 2026-01-05 10:30 UTC (clicked).",
      "[Details]",
      "Waiting for a decision",
      "Approve: order parts for 5 × Widget for Customer XYZ?",
      "Total 520.30 USD  ·  Quote to customer 624.36 USD  ·  Margin 20 %  ·  Project prj",
      "1 order is placed: cannot be undone",
      "Requested by employee. If nobody decides by 2026-01-08 09:00 UTC, nothing is ordered and all reservations are released.",
      "[Approve] [Reject] [Edit] [Details]",
      "Your requests",
      "Order 5 widgets · expired · 2026-01-05 · run7",
      "Agents",
      "router · @cs-router · idle",
      "supply · @cs-supply · no answer since 10:00 UTC to 2 requests",
    ].join("\n"),
  );
  const own = homeView({
    person: "employee",
    requests: [],
    approvals: [{ approval: sampleApproval("run1"), card: openCard() }],
    agents: [],
    outcome: null,
  });
  assert.match(shownText(own.blocks), /Nothing waits\.\nYour requests\nYou have asked for nothing yet\./);
});

test("help names every command", () => {
  for (const verb of [
    "status",
    "runs",
    "agents",
    "approvals",
    "approve ID",
    "reject ID",
    "cancel ID",
    "delegate",
    "help",
  ]) {
    assert.ok(helpText.includes(`/countersign ${verb} `), verb);
  }
});
