import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import { planText } from "../../../src/commands/plan-text.ts";
import type { Json } from "../../../src/domain.ts";
import { ManualTime } from "../../fakes/manual-time.ts";
import { SampleMandate } from "../../fakes/sample-mandate.ts";
import { TrustWorld } from "../../fakes/trust-world.ts";

const sample = new SampleMandate(new TrustWorld(new ManualTime(), ["financial"]));

function leaves(value: Json): readonly string[] {
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(leaves) : [String(value)];
}

test("every field of a plan stands in what a person reads before signing", () => {
  const word = fc.stringMatching(/^[A-Za-z0-9]{6,12}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), word, word, (parts, note, city) => {
      const base = sample.plan();
      const [order] = base.orders;
      assert.ok(order?.lines[0] !== undefined);
      const lines = parts.map((part) => ({ ...order.lines[0], part }) as (typeof order.lines)[number]);
      const plan = sample.plan({
        shipTo: { ...base.shipTo, city },
        orders: [
          { ...order, lines },
          { ...order, id: "run1-1-2" },
        ],
        fallbacks: [
          { order: order.id, action: "alternative", replacement: order },
          { order: "run1-1-2", action: "hold", note },
        ],
      });
      const text = planText(plan).join("\n");
      for (const leaf of leaves(plan as unknown as Json)) {
        assert.ok(text.includes(leaf), `"${leaf}" is not shown`);
      }
    }),
    { numRuns: 50 },
  );
});

test("things of the same plain fields stand in a table", () => {
  const text = planText(sample.plan());
  const head = text.findIndex((line) => /^ +part +description +quantity +unit +unit price/.test(line));
  assert.match(text[head + 1] ?? "", /^ +part-1 +Bolt +100 +pcs +1\.00 USD +1\.02 USD +100\.00 USD$/);
  assert.ok(text.includes("total: 110.00 USD"));
  assert.ok(planText(sample.plan({ fallbacks: [] })).includes("fallbacks: none"));
});
