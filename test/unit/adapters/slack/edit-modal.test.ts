import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../../fakes/fast-check.ts";
import { editModal } from "../../../../adapters/slack/blocks/edit-modal.ts";
import type { FormField } from "../../../../src/edit-types.ts";
import { acceptView } from "../../../fakes/slack/block-kit/payloads.ts";
import { textsOf } from "./block-texts.ts";
import { hostileText } from "./sample-cards.ts";

const longId = (at: number) => `${"x".repeat(76)}${String(at).padStart(4, "0")}`;
const some = (field: "suppliers" | "leaveOut", size: number, text: string): FormField => ({
  field,
  kind: "some",
  label: text,
  now: size > 0 ? [longId(0)] : [],
  options: Array.from({ length: size }, (_, at) => ({ id: longId(at), name: text })),
});

test("lesson 14: whatever the plan, its form and preview are a view that Slack takes", () => {
  const size = fc.constantFrom(0, 1, 10, 11, 100, 101, 900);
  fc.assert(
    fc.property(size, size, hostileText, fc.boolean(), (suppliers, lines, text, isPreview) => {
      const view = editModal({
        place: { approval: "a".repeat(200), run: "r".repeat(200), planHash: "ab".repeat(32), shown: null },
        fields: [
          { field: "quantity", kind: "number", label: text, now: "50", least: "1", most: "100" },
          some("suppliers", suppliers, text),
          some("leaveOut", lines, text),
        ],
        entered: { quantity: text },
        notice: text,
        ...(isPreview
          ? {
              preview: {
                outcome: "preview",
                approval: "a1",
                run: "run1",
                planHash: "ab".repeat(32),
                changes: Array.from({ length: lines }, () => ({ what: text, before: text, after: text })),
                known: Array.from({ length: lines }, () => text),
                open: text,
              } as const,
            }
          : {}),
      });
      acceptView(view, "modal", () => "id");
      assert.deepEqual(textsOf(view.blocks).mrkdwn, []);
      const shown = JSON.stringify(view.blocks);
      assert.equal(shown.includes('"edit-leaveOut"'), lines > 0 && lines <= 100);
      assert.equal(shown.includes("too many choices"), suppliers > 100 || lines > 100);
    }),
    { numRuns: 60 },
  );
});
