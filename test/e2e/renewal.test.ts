import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { Customer, Project } from "../../src/book-rows.ts";
import { everyOrder, papersOf } from "./mandate-papers.ts";
import { TestSystem } from "./system.ts";

/** What changes in the books while a card waits is seen after the decision: no order, nothing stays held. */

const request = "Order the parts needed for 20 widgets for Customer XYZ";

suite("the books change between plan and decision", { timeout: 120_000 }, () => {
  const system = new TestSystem();
  let customer: Customer;
  let project: Project;
  before(async () => {
    await system.start();
    customer = await row<Customer>("customers", "CUST-XYZ");
    project = await row<Project>("projects", customer.defaultProject);
  });
  after(() => system.remove());

  async function row<T extends { id: string }>(kind: string, id: string): Promise<T> {
    const found = (await system.books<T>(kind)).find((each) => each.id === id);
    assert.ok(found, id);
    return found;
  }
  const ofRun = async <T extends { run: string }>(kind: string, run: string) =>
    (await system.books<T>(kind)).filter((each) => each.run === run);

  /** Asks, lets `change` happen to the books while the card waits, approves: it must end with this refusal. */
  async function refusedAfter(change: () => Promise<void>, code: string, reason: RegExp): Promise<void> {
    const asked = (await system.ask(request)).result;
    assert.equal(asked.status, "waiting", asked.error?.message);
    const papers = await papersOf(system, asked.run);
    assert.ok(papers.plan.orders.length > 0);
    const ordered = await everyOrder(system);
    await change();
    const { run } = papers;
    assert.equal((await system.run("approve", papers.approval)).code, 0);
    const ended = await system.ended(run);
    assert.deepEqual([ended.status, ended.error?.code], ["failed", code]);
    assert.match(ended.error?.message ?? "", reason);
    assert.equal(ended.steps.find((each) => each.id === "orders")?.status, "skipped");

    assert.equal(await everyOrder(system), ordered);
    const held = [
      ...(await ofRun<{ run: string; status: string }>("reservations", run)),
      ...(await ofRun<{ run: string; status: string }>("commitments", run)),
    ];
    assert.ok(held.length > 2);
    assert.ok(held.every((each) => each.status === "released"));
    const told = await ofRun<{ run: string; status: string }>("activities", run);
    assert.ok(told.some((each) => each.status === "failed"));
  }

  test("the customer's credit limit is lowered", async () => {
    const lowered = () => system.load("customers", { ...customer, creditLimit: "1.00" });
    await refusedAfter(lowered, "credit-exceeded", /CUST-XYZ.* the limit is 1\.00/);
    await system.load("customers", customer);
  });

  test("the project's budget is cut", async () => {
    const cut = () => system.load("projects", { ...project, budget: project.spent });
    await refusedAfter(cut, "budget-exceeded", new RegExp(`${project.id}.* has 0\\.00 .* needed`));
    await system.load("projects", project);
  });

  test("the customer is restricted", async () => {
    const restriction = {
      id: "R-900",
      list: "company",
      kind: "party",
      value: customer.name,
      aliases: "",
      reason: "listed while the card waited",
      asOf: new Date().toISOString().slice(0, 10),
    };
    const restricted = () => system.load("restrictions", restriction);
    await refusedAfter(restricted, "restricted", /CUST-XYZ.*listed while the card waited/);
  });
});
