import assert from "node:assert/strict";
import { test } from "node:test";
import { delegationLine } from "../../../src/commands/rights.ts";
import { standingLine } from "../../../src/policy/standing-line.ts";

const usd = (amount: string) => ({ amount, currency: "USD" });

test("times are said as on the cards", () => {
  const notAfter = "2026-02-01T12:30:15.123Z";
  assert.equal(
    delegationLine({ id: "d1", from: "mona", to: "milo", approval: null, notAfter }),
    "d1 · milo decides for mona on everything until 2026-02-01 12:30 UTC",
  );
  const terms = { id: "s1", requester: null, workflow: "order-parts", customers: null, suppliers: null };
  const bounds = {
    currencies: ["USD", "EUR"],
    tier: "normal",
    each: usd("1500.00"),
    inAll: usd("9000.00"),
    uses: 3,
    notAfter,
  };
  const view = {
    status: "waiting",
    refused: null,
    approvedBy: [],
    quorum: 1,
    left: { uses: 3, amount: usd("9000.00") },
  };
  const line = standingLine({ ...view, terms: { ...terms, ...bounds } } as unknown as Parameters<
    typeof standingLine
  >[0]);
  assert.match(line, / · orders in USD, EUR · tier normal · up to 1500\.00 USD each · /);
  assert.match(line, / · until 2026-02-01 12:30 UTC · /);
});
