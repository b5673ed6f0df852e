import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { stringify } from "csv-stringify/sync";
import type { BookKind, BookRows } from "../../src/book-rows.ts";
import type { PlanDocument } from "../../src/domain.ts";
import type { RunResult } from "../../src/run-result.ts";
import { controlClient, type ControlClient } from "../../src/commands/control-client.ts";
import { demoWholesalers } from "../../src/sandbox/company/catalogues.ts";
import { cheapest } from "./cheapest.ts";
import { amountText, compare, minus, zero, type Exact } from "./exact.ts";
import { customerRow, projectRow, type Limits } from "./oracle-company.ts";
import {
  deficits,
  explode,
  orderFaults,
  planTotal,
  quoteTotal,
  type Amounts,
  type Books,
  type Market,
} from "./oracle.ts";
import type { TestSystem } from "./system.ts";

const kinds = [
  "items",
  "bom",
  "stock",
  "reservations",
  "prices",
  "freight",
  "wholesalers",
  "rates",
  "vendors",
  "customers",
  "projects",
  "commitments",
] as const;

interface Planned {
  readonly run: string;
  readonly approval: string;
  readonly document: PlanDocument;
  readonly result: RunResult;
}

/** An order as a wholesaler's own list shows it. */
interface Booked {
  readonly reference: string;
  readonly number: string;
  readonly currency: string;
  readonly shipTo: string;
  readonly freightMethod: string;
  readonly freight: string;
  readonly tax: string;
  readonly total: string;
  readonly lines: readonly {
    readonly part: string;
    readonly description: string;
    readonly quantity: string;
    readonly unit: string;
    readonly unitPrice: string;
    readonly amount: string;
  }[];
}

/** Changes the books of a running system through `import`, asks, and compares what comes with the oracle. */
export class OracleDesk {
  readonly #system: TestSystem;
  readonly #books: ControlClient;
  readonly #bot: ControlClient;
  readonly today = new Date().toISOString().slice(0, 10);
  readonly market: Market = {
    today: this.today,
    taxPercent: (id) => demoWholesalers.find((each) => each.id === id)?.taxPercent ?? "0",
  };

  constructor(system: TestSystem) {
    this.#system = system;
    this.#books = controlClient(path.join(system.folder, "run"), "agents");
    this.#bot = controlClient(path.join(system.folder, "run"), "bot");
  }

  /** The rows that `books` shows; over its socket, because a process for each kind takes long. */
  async rows<K extends BookKind>(kind: K): Promise<readonly BookRows[K][]> {
    const { rows } = (await this.#books.get(`/books/${kind}`)) as { rows: readonly BookRows[K][] };
    return rows;
  }

  async read(): Promise<Books> {
    const entries = kinds.map(async (kind) => [kind, await this.rows(kind)] as const);
    return Object.fromEntries(await Promise.all(entries)) as unknown as Books;
  }

  /** What `import` does with a file of these rows. */
  async load<K extends BookKind>(kind: K, rows: readonly BookRows[K][]): Promise<void> {
    const csv = stringify(
      rows.map((row) => ({ ...row })),
      { header: true },
    );
    await this.#books.post(`/import/${kind}`, { csv, dryRun: false });
  }

  /** What `import` says to the file that `books --csv` gives. */
  async roundTrip(kind: BookKind): Promise<unknown> {
    const { csv } = (await this.#books.get(`/books/${kind}?csv=1`)) as { csv: string };
    return this.#books.post(`/import/${kind}`, { csv, dryRun: false });
  }

  async change<K extends BookKind>(kind: K, id: string, fields: Partial<BookRows[K]>): Promise<void> {
    const rows = (await this.rows(kind)).filter((row) => row.id === id);
    assert.equal(rows.length, 1, `${kind} ${id}`);
    await this.load(
      kind,
      rows.map((row) => ({ ...row, ...fields })),
    );
  }

  /** Customers and projects name each other: projects without customer first. */
  async addCustomers(limits: Readonly<Record<string, Limits>>): Promise<void> {
    const named = Object.entries(limits);
    const projects = named.map(([name, each]) => projectRow(name, each));
    await this.load(
      "projects",
      projects.map((row) => ({ ...row, customer: "" })),
    );
    await this.load(
      "customers",
      named.map(([name, each]) => customerRow(name, this.today, each)),
    );
    await this.load("projects", projects);
  }

  /** A request that is planned and waits for its approval. */
  async plan(text: string): Promise<Planned> {
    const { code, lines, result } = await this.#system.ask(text);
    assert.equal(code, 5, `${text}: ${JSON.stringify(result.error ?? result.question)}`);
    assert.equal(result.status, "waiting");
    const card = lines.find((line) => line.type === "approval") as { id?: string } | undefined;
    const document = result.plan?.document as PlanDocument;
    return { run: result.run ?? "", approval: card?.id ?? "", document, result };
  }

  /** A request that ends with this error, which names what it is about. */
  async refuse(text: string, error: string, words: RegExp): Promise<void> {
    const { code, result } = await this.#system.ask(text);
    assert.equal(result.error?.code, error, `${text}: ${JSON.stringify(result)}`);
    assert.match(result.error.message, words);
    assert.equal(code, 1);
    assert.equal(result.status, "failed");
    assert.equal(result.plan === null || result.decision === null, true);
  }

  /** Cancels a run and waits until all it held is released. */
  async cancel(run: string): Promise<void> {
    assert.equal((await this.#system.run("cancel", run)).code, 0);
    await this.end(run);
  }

  /** Waits for the end of a run. */
  async end(run: string): Promise<RunResult> {
    for await (const line of this.#bot.lines(`/runs/${run}/stream`)) {
      if ((line as { card: { kind: string } }).card.kind === "result") {
        break;
      }
    }
    return (await this.#bot.get(`/runs/${run}/result`)) as RunResult;
  }

  /** What a wholesaler of the sandbox has booked, by our reference. */
  async bookedAt(wholesaler: string): Promise<ReadonlyMap<string, Booked>> {
    const ports = JSON.parse(
      readFileSync(path.join(this.#system.data, "sandbox", "world", "ports.json"), "utf8"),
    ) as Record<string, number>;
    const answer = await fetch(`http://127.0.0.1:${ports[wholesaler]}/orders`);
    const { orders } = (await answer.json()) as { orders: readonly Booked[] };
    return new Map(orders.map((order) => [order.reference, order]));
  }

  /** Compares all that the books determine of a plan; returns what had to be bought. */
  check(books: Books, { document, run }: Pick<Planned, "document" | "run">): Amounts {
    const { item, quantity } = document.request;
    const needs = explode(books, item, quantity);
    const missing = deficits(books, needs, run);
    assert.deepEqual(orderFaults(books, document.orders, missing, this.market), []);
    assert.equal(document.total.amount, amountText(planTotal(books, document.orders)));
    const fromStock = new Map<string, Exact>();
    for (const [part, need] of needs) {
      const taken = minus(need, missing.get(part) ?? zero);
      const held = books.reservations.find((row) => row.run === run && row.part === part);
      assert.equal(held?.quantity ?? "0", amountText(taken, 9).replace(/\.?0+$/, ""), `reserved of ${part}`);
      if (compare(taken, zero) > 0) {
        fromStock.set(part, taken);
      }
    }
    assert.equal(document.quote.total.amount, amountText(quoteTotal(books, document.orders, fromStock)));
    return missing;
  }

  /** Plans the request and checks it, the total against every possible combination. */
  async planCheapest(text: string): Promise<Planned> {
    const planned = await this.plan(text);
    const books = await this.read();
    const best = cheapest(books, this.check(books, planned), this.market);
    assert.equal(planned.document.total.amount, best === undefined ? "none" : amountText(best), text);
    return planned;
  }
}
