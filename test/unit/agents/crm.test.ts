import assert from "node:assert/strict";
import { suite, test } from "node:test";
import crm from "../../../agents/crm.ts";
import type { MessageSubject } from "../../../src/link-types.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { orderWorld } from "../../fakes/order-world.ts";
import { skillContext } from "../../fakes/skill-context.ts";

const entry = {
  customer: "xyz",
  status: "ordered",
  quote: { total: { amount: "1648.26", currency: "USD" }, text: "Dear Customer XYZ" },
  projectedDelivery: "2026-04-02",
};
function using(books: MemoryBooks, subject: Partial<MessageSubject> = {}) {
  const context = skillContext({ agent: "crm", books, subject });
  const { record, "record-status": recordStatus } = crm.skills;
  return {
    clock: context.clock,
    record: async (input: unknown) =>
      record.output.parse(await record.run(context, record.input.parse(input), null)),
    recordStatus: async (input: unknown) =>
      recordStatus.output.parse(await recordStatus.run(context, recordStatus.input.parse(input), null)),
  };
}

suite("crm", () => {
  test("records an order with quote and delivery once, whatever is sent again", async () => {
    const books = new MemoryBooks(orderWorld());
    const first = using(books);
    const { activity } = await first.record(entry);
    const again = using(books, { attempt: 2 });
    again.clock.set("2026-03-05T00:00:00.000Z");
    assert.deepEqual(await again.record(entry), { activity });
    assert.deepEqual(await books.find("activities"), [
      {
        id: activity,
        run: "run1",
        customer: "xyz",
        status: "ordered",
        text: "Dear Customer XYZ",
        projectedDelivery: "2026-04-02",
        quoteTotal: "1648.26",
        currency: "USD",
        at: "2026-03-02T09:00:00.000Z",
      },
    ]);
  });

  test("another revision and another run have entries of their own", async () => {
    const books = new MemoryBooks(orderWorld());
    await using(books).record(entry);
    await using(books, { revision: 2 }).record(entry);
    await using(books, { run: "run2" }).record(entry);
    assert.equal((await books.find("activities", { customer: "xyz" })).length, 3);
  });

  test("an unknown customer is refused", async () => {
    const { record } = using(new MemoryBooks(orderWorld()));
    await assert.rejects(record({ ...entry, customer: "nobody" }), { code: "unknown-customer" });
  });

  test("every notice of a status is one entry, also before the customer is known", async () => {
    const books = new MemoryBooks(orderWorld());
    const notices = [
      ["waiting", 1, undefined],
      ["running", 2, "xyz"],
      ["waiting", 3, "xyz"],
      ["waiting", 3, "xyz"],
    ] as const;
    for (const [status, attempt, customer] of notices) {
      const skills = using(books, { step: `status-${status}`, attempt });
      await skills.recordStatus({ status, reason: null, ...(customer === undefined ? {} : { customer }) });
    }
    await using(books, { attempt: 4 }).recordStatus({
      status: "cancelled",
      reason: "rejected",
      customer: "xyz",
    });
    const entries = (await books.find("activities")).map(({ status, customer, text }) => [
      status,
      customer,
      text,
    ]);
    assert.deepEqual(entries.toSorted(), [
      ["cancelled", "xyz", "Run run1 is cancelled: rejected."],
      ["running", "xyz", "Run run1 is running."],
      ["waiting", "", "Run run1 is waiting."],
      ["waiting", "xyz", "Run run1 is waiting."],
    ]);
  });

  test("only a run's own states are taken", () => {
    const { input } = crm.skills["record-status"];
    assert.equal(input.safeParse({ status: "paid", reason: null }).success, false);
  });
});
