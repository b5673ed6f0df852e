import assert from "node:assert/strict";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, suite, test } from "node:test";
import { bookKinds } from "../../adapters/store/books-kinds.ts";
import { sha256Hex } from "../../src/canonical.ts";
import type { Card } from "../../src/card.ts";
import { everyOrder } from "./mandate-papers.ts";
import { TestSystem } from "./system.ts";

const request = "Order the parts needed for 50 widgets for Customer XYZ";

/** R55 against real processes: real requests, real books, every step, no effects. */
suite("shadow mode", { timeout: 180_000 }, () => {
  const system = new TestSystem();
  before(async () => {
    await system.start();
  });
  after(() => system.remove());

  /** Each of the company's tables, as it lies in the file, by its hash; how far the journal is witnessed is no effect. */
  function dump(): Readonly<Record<string, string>> {
    const database = new DatabaseSync(path.join(system.data, "books", "books.db"), { readOnly: true });
    try {
      const rows = (kind: string) => database.prepare(`select * from ${kind} order by id`).all();
      const kinds = bookKinds.filter((kind) => kind !== "checkpoints");
      return Object.fromEntries(kinds.map((kind) => [kind, sha256Hex(JSON.stringify(rows(kind)))]));
    } finally {
      database.close();
    }
  }

  test("a shadow run goes through every step to the end; books and wholesalers are as before", async () => {
    const refused = await system.run("shadow", "order-parts", "on", "--by", "employee");
    assert.equal(refused.code, 1);
    assert.equal((await system.run("shadow", "no-such-workflow", "on")).code, 1);
    const on = await system.run("shadow", "order-parts", "on");
    assert.equal(on.code, 0, on.stderr);
    const [before, orders] = [dump(), await everyOrder(system)];
    const waiting = await system.ask(request);
    assert.equal(waiting.result.status, "waiting");
    const approvals = JSON.parse((await system.run("approvals", "--json")).stdout) as {
      approval: { id: string };
      card: Card;
    }[];
    assert.match(approvals[0]?.card.title ?? "", /^SHADOW · /);
    assert.match(approvals[0]?.card.text ?? "", /nothing will be ordered/);
    const done = await system.run("approve", approvals[0]?.approval.id ?? "");
    assert.equal(done.code, 0, done.stderr);
    const ended = await system.ended(waiting.result.run ?? "");
    assert.equal(ended.status, "completed", JSON.stringify(ended.error));
    assert.ok(ended.steps.every(({ status }) => status === "completed"));
    const { code, result } = await system.ask(request, "--yes");
    assert.equal(code, 0);
    assert.equal(result.shadow, true);
    assert.ok((result.plan?.orders.length ?? 0) > 0);
    assert.equal((result.plan?.document as { shadow?: boolean } | undefined)?.shadow, true);
    // Rejected, what it "held" is let go of in shadow too.
    assert.equal((await system.ask(request, "--no", "--reason", "practice")).result.status, "rejected");
    assert.deepEqual(dump(), before);
    assert.equal(await everyOrder(system), orders);
  });

  test("only an administrator ends it; then requests have effects again, and the journal tells both", async () => {
    const manager = await system.run("shadow", "order-parts", "off", "--by", "manager");
    assert.equal(manager.code, 1);
    assert.match(manager.stderr, /needs admin/);
    assert.equal((await system.run("shadow", "order-parts", "off")).code, 0);
    const { result } = await system.ask(request, "--yes");
    assert.equal(result.status, "completed");
    assert.equal(result.shadow, undefined);
    const orders = await system.books<{ run: string }>("orders");
    assert.ok(orders.some(({ run }) => run === result.run));
    assert.equal((await system.run("journal", "verify")).code, 0);
  });
});
