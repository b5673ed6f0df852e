import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../../fakes/fast-check.ts";
import { cardMessage, plainMessage } from "../../../../adapters/slack/blocks/card-message.ts";
import { detailsModal } from "../../../../adapters/slack/blocks/details-modal.ts";
import { homeNotice, homeView } from "../../../../adapters/slack/blocks/home-view.ts";
import { loadingModal, noticeModal, rejectModal } from "../../../../adapters/slack/blocks/modals.ts";
import { planFile } from "../../../../adapters/slack/blocks/plan-file.ts";
import type { Card } from "../../../../src/card.ts";
import { acceptBlocks, acceptView } from "../../../fakes/slack/block-kit/payloads.ts";
import { sampleApproval } from "../../../fakes/sample-run.ts";
import { textsOf } from "./block-texts.ts";
import { generatedCard, generatedOpenCard, hostileText, openCard } from "./sample-cards.ts";

const nextId = () => "id";
/** Slack takes it, reads none of it as markup, and shows no character that hides, turns or breaks text. */
function assertSafe(value: unknown): void {
  const { all, mrkdwn } = textsOf(value);
  assert.deepEqual(mrkdwn, []);
  for (const text of all) {
    assert.doesNotMatch(text, /(?!\n)\p{Cc}|(?![\u200c\u200d])\p{Cf}|\p{Cs}/u);
  }
}
function assertMessage(message: { text: string; blocks: unknown[] }): void {
  acceptBlocks(message.blocks, nextId);
  assertSafe(message.blocks);
  assert.ok(message.text.length > 0 && message.text.length <= 4000);
  assert.doesNotMatch(message.text, /[<>*_~`\n]|:\S+:|@(channel|here|everyone)|&(?!(amp|lt|gt);)/i);
}
const check = (property: fc.IRawProperty<unknown>, numRuns: number) =>
  fc.assert(property as fc.IProperty<unknown>, { numRuns });

test("lesson 14: no card of any kind ever yields a message that Slack would refuse or read as markup", () => {
  check(
    fc.property(generatedCard, (card) => assertMessage(cardMessage(card))),
    120,
  );
});

test("a card of nothing but hostile texts, however long, yields a message that Slack takes", () => {
  const card: fc.Arbitrary<Card> = fc
    .record({
      kind: fc.constantFrom<Card["kind"]>("progress", "question", "approval", "result", "notice"),
      tone: fc.constantFrom<Card["tone"]>("neutral", "waiting", "good", "bad"),
      texts: fc.array(hostileText, { minLength: 3, maxLength: 6 }),
      size: fc.integer({ min: 0, max: 300 }),
    })
    .map(({ kind, tone, texts, size }) => {
      const text = (at: number) => texts[at % texts.length] ?? "";
      const list = <T>(draw: (at: number) => T) => Array.from({ length: size }, (_, at) => draw(at));
      const approval = { id: "a1", planHash: "ab".repeat(32), authors: [text(1)] };
      return {
        ...openCard(),
        kind,
        tone,
        title: text(0),
        text: text(1),
        facts: list((at) => ({ label: text(at), value: text(at + 1) })),
        options: list(text),
        steps: list((at) => ({
          id: text(at),
          label: text(at),
          agent: text(at),
          atSign: "@x",
          status: "failed",
          ms: 1,
        })),
        tables: list((at) => ({
          about: (["order", "fallback", "effect"] as const)[at % 3] ?? "order",
          title: text(at),
          columns: texts,
          rows: [texts, []],
        })),
        approval: size % 2 === 0 ? approval : null,
      };
    });
  check(
    fc.property(card, (each) => assertMessage(cardMessage(each))),
    80,
  );
});

test("whatever the plan, an open card keeps total, deadline, short hash and all its buttons", () => {
  check(
    fc.property(generatedOpenCard, (card) => {
      const { blocks } = cardMessage(card);
      const shown = textsOf(blocks).all.join(" ");
      assert.match(shown, /Total.*123456789012345\.99 USD/);
      assert.match(shown, /If nobody decides by 2026-01-08 09:00 UTC, nothing is ordered/);
      assert.match(shown, /Plan abababababab /);
      const buttons = blocks.at(-1);
      assert.ok(buttons?.type === "actions");
      assert.deepEqual(
        buttons.elements.map((each) => each.action_id),
        ["approve", "reject", "edit", "details"],
      );
    }),
    40,
  );
});

test("every page of the details and every other view is one that Slack takes", () => {
  check(
    fc.property(generatedCard, fc.integer({ min: -1, max: 60 }), (card, page) => {
      const view = detailsModal(card, page);
      acceptView(view, "modal", nextId);
      assertSafe(view);
    }),
    40,
  );
  check(
    fc.property(
      hostileText,
      hostileText,
      generatedOpenCard,
      fc.constantFrom(0, 1, 25),
      (a, b, card, count) => {
        for (const view of [
          loadingModal(a),
          noticeModal(a, b),
          rejectModal({ approval: "a1", planHash: "ab".repeat(32), title: a }),
        ]) {
          acceptView(view, "modal", nextId);
          assertSafe(view);
        }
        const times = { createdAt: 0, updatedAt: 0, thread: "slack:T/C", reason: null, error: null } as const;
        const many = <T>(each: T) => Array.from({ length: count }, () => each);
        const home = homeView({
          person: "manager",
          requests: many({
            ...times,
            id: "run1",
            title: a,
            status: "running",
            requester: "manager",
            paused: false,
          }),
          approvals: many({ approval: sampleApproval("run1"), card }),
          agents: many({
            id: a,
            atSign: "@x",
            description: b,
            inFlight: count,
            health: { state: "busy", text: b },
            instances: [],
          }),
          outcome: { text: b, card },
        });
        for (const view of [home, homeNotice(a)]) {
          acceptView(view, "home", nextId);
          assertSafe(view);
        }
        assertMessage(plainMessage(a));
      },
    ),
    12,
  );
});

test("the plan file holds nothing that a terminal or editor would obey", () => {
  check(
    fc.property(generatedCard, (card) => {
      const { name, content } = planFile(card, null);
      assert.match(name, /^plan-[0-9a-f–]*\.txt$/);
      assert.doesNotMatch(content, /(?!\n)\p{Cc}|(?![\u200c\u200d])\p{Cf}|\p{Cs}/u);
    }),
    10,
  );
});
