import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import financial from "../../agents/financial.ts";
import supply from "../../agents/supply.ts";
import { openBooks, type BooksAccess } from "../../adapters/store/books-database.ts";
import { canonicalHash, canonicalJson } from "../../src/canonical.ts";
import { toErrorInfo } from "../../src/errors.ts";
import type { Books } from "../../src/ports.ts";
import { fakeSuppliers, orderWorld, usd } from "../fakes/order-world.ts";
import { sampleOrder, samplePlan } from "../fakes/sample-plan.ts";
import { skillContext } from "../fakes/skill-context.ts";
import type { TestBooks } from "../fakes/test-books.ts";

const runs = Array.from({ length: 8 }, (_, index) => `run${index + 1}`);

/** Money that several runs want at once is held or spent once, on every database the books may lie in. */
export function moneyRacesContract(engine: string, open: () => Promise<TestBooks>): void {
  let books: TestBooks;
  let access: BooksAccess;
  before(async () => {
    books = await open();
    access = openBooks(books.database);
    await access.unit(async (unit) => {
      const { customers, projects, wholesalers, vendors, items, prices } = orderWorld();
      for (const row of projects) {
        await unit.insert("projects", { ...row, budget: "2500.00" });
      }
      for (const row of customers) {
        await unit.insert("customers", { ...row, creditLimit: "1500.00" });
      }
      for (const row of wholesalers) {
        await unit.insert("wholesalers", row);
      }
      for (const row of vendors) {
        await unit.insert("vendors", row);
      }
      for (const row of items) {
        await unit.insert("items", row);
      }
      for (const row of prices) {
        await unit.insert("prices", row);
      }
    });
  });
  after(() => books.close());

  /** How many of the runs succeed when all act at once; the others fail with the code. */
  async function together(act: (run: string) => Promise<unknown>, code: string): Promise<number> {
    const ended = await Promise.allSettled(runs.map(act));
    for (const each of ended) {
      assert.ok(each.status === "fulfilled" || toErrorInfo(each.reason).code === code, JSON.stringify(each));
    }
    return ended.filter((each) => each.status === "fulfilled").length;
  }
  const inUnit = (run: string, work: (context: ReturnType<typeof skillContext>) => Promise<unknown>) =>
    access.unit((unit) => work(skillContext({ agent: "financial", books: unit, subject: { run } })));

  test(`${engine}: eight runs want 480.00 of 1500.00 credit at once: three get it`, async () => {
    const skill = financial.skills["check-credit"];
    const input = { customer: "xyz", item: "widget", quantity: "1" };
    const held = await together(
      (run) => inUnit(run, (context) => skill.run(context, input, null)),
      "credit-exceeded",
    );
    assert.equal(held, 3);
    assert.equal((await access.reader.find("commitments", { kind: "credit", status: "held" })).length, 3);
  });

  test(`${engine}: eight runs want 800.00 of a budget of 2500.00 at once: three get it`, async () => {
    const skill = financial.skills["check-budget"];
    const input = { project: "prj", amount: usd("800.00") };
    const held = await together(
      (run) => inUnit(run, (context) => skill.run(context, input, null)),
      "budget-exceeded",
    );
    assert.equal(held, 3);
  });

  test(`${engine}: eight orders of 520.30 at once under a ceiling of 1500.00 a day: two are placed`, async () => {
    const suppliers = fakeSuppliers(orderWorld());
    const skill = supply.skills["place-orders"];
    const place = (run: string) => {
      const plan = samplePlan({ run, orders: [sampleOrder({ id: `${run}-1-1` })] });
      const mandate = {
        mandate: { plan: canonicalJson(plan), attestations: [], decisions: [] },
        plan,
        planHash: canonicalHash(plan),
        decidedBy: ["manager"],
        assurance: "clicked" as const,
      };
      const context = skillContext({
        agent: "supply",
        books: access.reader,
        suppliers,
        subject: { run },
        policy: { ceilings: { perApproverPerDay: usd("9999.00"), perVendorPerDay: usd("1500.00") } },
        transact: <T>(unit: (unitBooks: Books) => Promise<T>) => access.unit(unit),
      });
      return skill.run(context, {}, mandate);
    };
    assert.equal(await together(place, "ceiling-exceeded"), 2);
    assert.equal(suppliers["alpha"]?.orders.size, 2);
    // A refused order leaves no trace: its whole unit was rolled back.
    assert.equal((await access.reader.find("orders")).length, 2);
  });
}
