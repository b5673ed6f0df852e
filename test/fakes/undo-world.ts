import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openBooks, type BooksAccess } from "../../adapters/store/books-database.ts";
import { openSuppliers } from "../../adapters/suppliers/suppliers.ts";
import type { BookKind, BookRow } from "../../src/book-rows.ts";
import { canonicalHash } from "../../src/canonical.ts";
import type { AnySkill, VerifiedMandate } from "../../src/define-agent.ts";
import type { Json } from "../../src/domain.ts";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import type { ReceivedEnvelope } from "../../src/link-types.ts";
import type { Mandate } from "../../src/mandate-types.ts";
import { decimal } from "../../src/money.ts";
import { planDocumentSchema } from "../../src/plan/plan-schema.ts";
import type { Suppliers } from "../../src/ports.ts";
import type { OutboxRow } from "../../src/record-types.ts";
import {
  startWholesalers,
  type RunningWholesalers,
} from "../../src/sandbox/wholesalers/start-wholesalers.ts";
import orderParts from "../../src/workflows/order-parts.ts";
import { EngineWorld, Silence } from "../unit/engine/engine-world.ts";
import { ManualTime } from "./manual-time.ts";
import type { orderWorld } from "./order-world.ts";
import { demoPeople, demoPolicy, fakeSign, ScriptedModel, skillContext } from "./skill-context.ts";
import { cataloguesOf, companyRows, undoWholesalers } from "./undo-company.ts";
import { sqliteTestBooks, type TestBooks } from "./test-books.ts";

/** The real engine, the real agents of order-parts, their books in SQLite, and the sandbox's wholesalers. */

/** What undoing must bring back: stock, what is held of it and of money, and what is ordered, here and there. */
export interface Balances {
  readonly stock: Readonly<Record<string, string>>;
  readonly reserved: Readonly<Record<string, string>>;
  readonly credit: Readonly<Record<string, string>>;
  readonly budget: Readonly<Record<string, string>>;
  /** In our books: all but what surely was not placed. */
  readonly openOrders: readonly string[];
  /** In the wholesalers' own. */
  readonly suppliersOrders: readonly string[];
}
/** Decides on one call of an agent: what happens before and after its effect; throws to fail. */
export interface Trouble {
  readonly before?: (row: OutboxRow) => void | Promise<void>;
  readonly after?: (row: OutboxRow) => void;
}
type Body = { readonly skill: string; readonly input?: Json; readonly mandate?: Json };

const start = Date.parse("2026-03-02T09:00:00.000Z");
const agents = new Map(
  orderParts.steps.flatMap((step) => (step.kind === "call" ? [[step.agent.id, step.agent] as const] : [])),
);

export class UndoWorld extends EngineWorld {
  readonly #books: TestBooks;
  readonly #access: BooksAccess;
  readonly #folder: string;
  readonly wholesalers: RunningWholesalers;
  readonly #suppliers: Suppliers;
  readonly #replies = new Map<string, ReceivedEnvelope>();
  /** Effectful requests as they came, to be delivered again, late. */
  readonly received: OutboxRow[] = [];
  readonly startedAt = start;
  /** Called before each call to a wholesaler. */
  supplierAsked: (method: "placeOrder" | "findOrder") => Promise<void> = async () => undefined;
  trouble: Trouble = {};

  private constructor(o: {
    readonly books: TestBooks;
    readonly folder: string;
    readonly wholesalers: RunningWholesalers;
  }) {
    super(undefined, new ManualTime(start));
    this.#books = o.books;
    this.#access = openBooks(o.books.database);
    this.#folder = o.folder;
    this.wholesalers = o.wholesalers;
    this.#suppliers = openSuppliers({ sandbox: o.wholesalers.endpoints, clock: this.time });
    this.workflows = [orderParts];
    const fake = skillContext({ agent: "bot" }).trust;
    this.trust = {
      ...this.trust,
      serial: fake.serial,
      policy: demoPolicy,
      person: (id) => demoPeople.find((each) => each.id === id),
      verify: (signed, role) => signed.signature === role || fake.verify(signed, role),
    };
    const input = { customer: "xyz", item: "widget", quantity: "50" };
    this.skills.set("router.route", () => ({
      outcome: "workflow",
      workflow: "order-parts",
      version: 1,
      input,
    }));
  }

  static async open(): Promise<UndoWorld> {
    const folder = await mkdtemp(path.join(tmpdir(), "cs-undo-"));
    const rows = companyRows();
    const running = await startWholesalers({
      dataDir: folder,
      clock: { now: () => start },
      catalogues: cataloguesOf(rows),
    });
    const world = new UndoWorld({ books: await sqliteTestBooks(), folder, wholesalers: running });
    await world.#fill(rows);
    return world;
  }

  /** Another run holds some of everything: that must never change. */
  async #fill(rows: ReturnType<typeof orderWorld>): Promise<void> {
    const other = { run: "other", revision: "1", currency: "USD", status: "held" } as const;
    await this.#access.unit(async (books) => {
      for (const [kind, list] of Object.entries(rows)) {
        for (const row of list) {
          await books.insert(kind as BookKind, row as BookRow<BookKind>);
        }
      }
      await books.insert("reservations", {
        id: "other-1-bolt",
        run: "other",
        part: "bolt",
        quantity: "7",
        status: "held",
      });
      await books.insert("commitments", {
        ...other,
        id: "other-1-credit",
        kind: "credit",
        account: "xyz",
        amount: "5.00",
      });
      await books.insert("commitments", {
        ...other,
        id: "other-1-budget",
        kind: "budget",
        account: "prj",
        amount: "5.00",
      });
    });
  }

  async close(): Promise<void> {
    await this.wholesalers.close();
    await this.#books.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async balances(): Promise<Balances> {
    const { reader } = this.#access;
    const held = await reader.find("commitments", { status: "held" });
    const money = (kind: string) =>
      sums(held.filter((row) => row.kind === kind).map(({ account, amount }) => [account, amount]));
    return {
      stock: Object.fromEntries((await reader.find("stock")).map(({ id, onHand }) => [id, onHand])),
      reserved: sums(
        (await reader.find("reservations", { status: "held" })).map(({ part, quantity }) => [part, quantity]),
      ),
      credit: money("credit"),
      budget: money("budget"),
      openOrders: (await reader.find("orders"))
        .filter(({ status }) => status !== "failed")
        .map(({ id }) => id),
      suppliersOrders: undoWholesalers.flatMap((id) =>
        this.wholesalers.control.orders(id).map(({ reference }) => `${id}/${reference}`),
      ),
    };
  }

  /** Whatever was asked for comes once more, to an agent that never heard of it: nothing may come of it now. */
  async deliverLate(): Promise<void> {
    this.trouble = {};
    for (const row of this.received.splice(0)) {
      await this.#perform(row).catch(() => undefined);
    }
  }

  protected override async deliver(row: OutboxRow): Promise<ReceivedEnvelope | undefined> {
    const body = row.body as unknown as Body;
    const isReal = row.kind === "request" && agents.get(row.to)?.skills[body.skill] !== undefined;
    const known = this.#replies.get(row.id);
    if (known !== undefined) {
      return known;
    }
    const reply = isReal ? await this.#answer(row) : await this.#answerAsMeant(row);
    if (reply !== undefined) {
      this.#replies.set(row.id, reply);
    }
    return reply;
  }

  /** Router, HITL agent and triage are the engine world's own. */
  async #answerAsMeant(row: OutboxRow): Promise<ReceivedEnvelope | undefined> {
    try {
      await this.trouble.before?.(row);
      const reply = await super.deliver(row);
      this.trouble.after?.(row);
      return reply;
    } catch (error) {
      return error instanceof Silence ? undefined : this.envelope(row, "error", { ...toErrorInfo(error) });
    }
  }

  async #answer(row: OutboxRow): Promise<ReceivedEnvelope | undefined> {
    this.calls.push(`${row.to}.${(row.body as unknown as Body).skill}`);
    try {
      await this.trouble.before?.(row);
      this.received.push(row);
      const output = await this.#perform(row);
      this.trouble.after?.(row);
      return this.envelope(row, "result", { output });
    } catch (error) {
      return error instanceof Silence ? undefined : this.envelope(row, "error", { ...toErrorInfo(error) });
    }
  }

  async #perform(row: OutboxRow): Promise<Json> {
    const { skill: name, input, mandate } = row.body as unknown as Body;
    const skill = agents.get(row.to)?.skills[name] as AnySkill;
    const context = skillContext({
      agent: row.to,
      subject: row.subject,
      now: new Date(this.time.now()).toISOString(),
      books: this.#access.reader,
      transact: (unit) => this.#access.unit(unit),
      model: new ScriptedModel({ wording: "For {quantity} {item} we ask {total}." }),
    });
    const run = async (books = context.books): Promise<Json> => {
      const whole = { ...context, books, suppliers: this.#asking() };
      const given: unknown = mandate === undefined ? skill.input.parse(input) : {};
      const output: unknown = await skill.run(whole, given, verified(mandate));
      return JSON.parse(JSON.stringify(skill.output.parse(output))) as Json;
    };
    return skill.effect === "write" ? this.#access.unit((books) => run(books)) : run();
  }

  #asking(): Suppliers {
    return {
      open: (wholesaler) => {
        const system = this.#suppliers.open(wholesaler);
        return {
          ...system,
          placeOrder: async (order, signal) => {
            await this.supplierAsked("placeOrder");
            return system.placeOrder(order, signal);
          },
          findOrder: async (id, signal) => {
            await this.supplierAsked("findOrder");
            return system.findOrder(id, signal);
          },
        };
      },
    };
  }
}

/** What the link's host verifies and hands to the skill. */
function verified(given: Json | undefined): VerifiedMandate | null {
  if (given === undefined) {
    return null;
  }
  const mandate = given as unknown as Mandate;
  const plan = planDocumentSchema.parse(JSON.parse(mandate.plan));
  return {
    mandate,
    plan,
    planHash: canonicalHash(plan),
    decidedBy: mandate.decisions.map(({ statement }) => statement.person),
    assurance: "clicked",
  };
}
function sums(entries: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  const all = new Map<string, string>();
  for (const [key, amount] of entries) {
    all.set(
      key,
      decimal(all.get(key) ?? "0")
        .plus(decimal(amount))
        .toFixed(),
    );
  }
  return Object.fromEntries([...all].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
