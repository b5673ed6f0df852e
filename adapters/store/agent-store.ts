import type { Kysely } from "kysely";
import { canonicalJson } from "../../src/canonical.ts";
import type { RunId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { Fence, InstanceLease } from "../../src/instance-types.ts";
import type { AgentStore, Books, Clock } from "../../src/ports.ts";
import type { InboxKey, JournalEntry, OutboxRow } from "../../src/record-types.ts";
import type { KnownFreeze } from "../../src/safety-types.ts";
import { type BodyKey, outboxRow, outboxValues } from "./agent-outbox-row.ts";
import type { AgentStoreTables } from "./agent-store-tables.ts";
import type { BooksAccess } from "./books-database.ts";
import { holdFence, newLease } from "./agent-fences.ts";
import type { Database } from "./database.ts";
import { readFreeze, writeFreeze } from "./agent-freeze.ts";
import { readShadowBooks, shadowed } from "./shadow-books.ts";
import { pruneAgent } from "./agent-prune.ts";
import { appendJournal } from "./journal-store.ts";
import type { RunKey } from "./run-keys.ts";

type Tx = Kysely<AgentStoreTables>;

export interface AgentStoreOptions<S extends AgentStoreTables> {
  /** Has had `agentStoreMigrations` and `journalMigration`. */
  readonly database: Database<S>;
  /** The company's books in the same database, or `noBooks`. */
  readonly books: Pick<BooksAccess, "reader" | "within">;
  readonly agent: string;
  readonly clock: Clock;
  /** The journal chain's name: one per process incarnation and agent. */
  readonly writer: string;
  /** Seals the bodies of messages; without it they stand clear, as the company's own books do. */
  readonly key?: RunKey;
}

/** One agent's part of a database; agents that share it never see each other's rows. */
export function openAgentStore<S extends AgentStoreTables>(options: AgentStoreOptions<S>): AgentStore {
  return new DatabaseAgentStore({
    ...options,
    // Only these tables are used.
    database: options.database as unknown as Database<AgentStoreTables>,
  });
}

class DatabaseAgentStore implements AgentStore {
  readonly books: Books;
  readonly #o: AgentStoreOptions<AgentStoreTables>;
  readonly #key: BodyKey;

  constructor(options: AgentStoreOptions<AgentStoreTables>) {
    this.#o = options;
    this.#key = options.key ?? null;
    this.books = options.books.reader;
  }

  async acquireLease(instance: string): Promise<InstanceLease> {
    const { agent, clock, database } = this.#o;
    return database.unit(async (tx) => {
      // What an earlier process was about to send, or waited for the answer to, is sent again, at once.
      const now = clock.now();
      await tx
        .updateTable("agent_outbox")
        .set({ due_at: now })
        .where("agent", "=", agent)
        .where("open", "=", 1)
        .where("tries", ">", 0)
        .where("due_at", ">", now)
        .execute();
      return newLease(tx, agent, instance);
    });
  }

  async perform(o: Parameters<AgentStore["perform"]>[0]): Promise<"done" | "duplicate"> {
    const { agent, books, database } = this.#o;
    const key = canonicalJson(o.inbox);
    return database.unit(async (tx) => {
      // Sent together, in this order: on SQLite the way to the database's thread costs more than a statement.
      const [, known] = await Promise.all([
        this.#hold(tx, o.lease, o, o.effect),
        tx
          .selectFrom("agent_inbox")
          .select("key")
          .where("agent", "=", agent)
          .where("key", "=", key)
          .executeTakeFirst(),
      ]);
      if (known !== undefined) {
        return "duplicate";
      }
      const { reply, journal } = await o.work(shadowed(books.within(tx), tx, o.shadow, this.#o.clock));
      await Promise.all([
        tx
          .insertInto("agent_inbox")
          .values({ agent, key, at: this.#o.clock.now(), reply: reply.id })
          .execute(),
        this.#addReply(tx, reply),
        this.#append(tx, journal),
      ]);
      return "done";
    });
  }

  async transact<T>(lease: InstanceLease, fence: Fence, unit: (books: Books) => Promise<T>): Promise<T> {
    const { books, database } = this.#o;
    return database.unit(async (tx) => {
      await this.#hold(tx, lease, fence);
      return unit(shadowed(books.within(tx), tx, fence.shadow, this.#o.clock));
    });
  }

  shadowBooks(run: RunId): Books {
    return readShadowBooks(this.books, this.#o.database, run);
  }

  async takeOver(lease: InstanceLease, fence: Fence): Promise<void> {
    await this.#o.database.unit((tx) => this.#hold(tx, lease, fence));
  }

  async replyAgain(
    inbox: InboxKey,
    { now, instance, token }: Parameters<AgentStore["replyAgain"]>[1],
  ): Promise<OutboxRow | undefined> {
    const { agent, database } = this.#o;
    // Nearly every request is new: a read costs no commit.
    const finished = await database.read((db) =>
      db
        .selectFrom("agent_inbox")
        .select("reply")
        .where("agent", "=", agent)
        .where("key", "=", canonicalJson(inbox))
        .executeTakeFirst(),
    );
    if (finished === undefined) {
      return undefined;
    }
    const rows = await database.unit(async (tx) => {
      const reply = tx
        .updateTable("agent_outbox")
        .where("agent", "=", agent)
        .where("id", "=", finished.reply);
      await reply
        .set({ fencing: token })
        .where((eb) => eb.or([eb("fencing", "is", null), eb("fencing", "<", token)]))
        .execute();
      // Asked for anew: sent again soon, however often it was sent before.
      return reply.set({ open: 1, due_at: now, tries: 0, instance }).returningAll().execute();
    });
    return rows[0] === undefined ? undefined : outboxRow(rows[0], this.#key);
  }

  async claimOutbox(now: number, leaseMs: number, limit: number): Promise<readonly OutboxRow[]> {
    const { agent, database } = this.#o;
    const dueIds = (db: Tx) =>
      db
        .selectFrom("agent_outbox as due")
        .select("due.id")
        .where("due.agent", "=", agent)
        .where("due.open", "=", 1)
        .where("due.due_at", "<=", now)
        .orderBy("due.due_at")
        .orderBy("due.id")
        .limit(limit);
    // The usual answer is "nothing": a read costs no commit.
    const due = await database.read((db) => dueIds(db).execute());
    if (due.length === 0) {
      return [];
    }
    const rows = await database.unit((tx) =>
      tx
        .updateTable("agent_outbox")
        .set((eb) => ({ due_at: now + leaseMs, tries: eb("tries", "+", 1) }))
        .where("agent", "=", agent)
        .where("id", "in", dueIds(tx))
        // Again, because on PostgreSQL another claim may have come between.
        .where("open", "=", 1)
        .where("due_at", "<=", now)
        .returningAll()
        .execute(),
    );
    const order = new Map(due.map(({ id }, place) => [id, place]));
    const place = ({ id }: { readonly id: string }): number => order.get(id) ?? due.length;
    return rows.toSorted((a, b) => place(a) - place(b)).map((row) => outboxRow(row, this.#key));
  }

  async postponeOutbox(id: string, dueAt: number): Promise<void> {
    const { agent, database } = this.#o;
    await database.unit((tx) =>
      tx
        .updateTable("agent_outbox")
        .set({ due_at: dueAt })
        .where("agent", "=", agent)
        .where("id", "=", id)
        .where("open", "=", 1)
        .execute(),
    );
  }

  async closeOutbox(ids: readonly string[]): Promise<void> {
    const { agent, database } = this.#o;
    if (ids.length === 0) {
      return;
    }
    await database.unit((tx) =>
      tx
        .updateTable("agent_outbox")
        .set({ open: 0 })
        .where("agent", "=", agent)
        .where("id", "in", ids)
        .execute(),
    );
  }

  async appendJournal(entries: readonly JournalEntry[]): Promise<void> {
    await this.#o.database.unit((tx) => this.#append(tx, entries));
  }

  async getValue(key: string): Promise<string | undefined> {
    const { agent, database } = this.#o;
    const row = await database.read((db) =>
      db
        .selectFrom("agent_values")
        .select("value")
        .where("agent", "=", agent)
        .where("key", "=", key)
        .executeTakeFirst(),
    );
    return row?.value;
  }

  async setValue(key: string, value: string): Promise<void> {
    const { agent, database } = this.#o;
    await database.unit((tx) =>
      tx
        .insertInto("agent_values")
        .values({ agent, key, value })
        .onConflict((conflict) => conflict.columns(["agent", "key"]).doUpdateSet({ value }))
        .execute(),
    );
  }

  async prune(now: number): Promise<number> {
    return pruneAgent(this.#o.database, this.#o.agent, now);
  }

  async keepFreeze(freeze: KnownFreeze, journal: readonly JournalEntry[]): Promise<KnownFreeze> {
    const { agent, database } = this.#o;
    return database.unit(async (tx) => {
      if (await writeFreeze(tx, agent, freeze)) {
        await this.#append(tx, journal);
      }
      return (await readFreeze(tx, agent)) ?? freeze;
    });
  }

  async freeze(): Promise<KnownFreeze | undefined> {
    return this.#o.database.read((db) => readFreeze(db, this.#o.agent));
  }

  async #hold(tx: Tx, lease: InstanceLease, fence: Fence, effect = false): Promise<void> {
    const { agent, clock } = this.#o;
    await holdFence(tx, { agent, lease, fence, effect, now: clock.now() });
  }

  async #addReply(tx: Tx, reply: OutboxRow): Promise<void> {
    const added = await tx
      .insertInto("agent_outbox")
      .values(outboxValues(this.#o.agent, reply, this.#key))
      .onConflict((conflict) => conflict.columns(["agent", "id"]).doNothing())
      .returning("id")
      .execute();
    if (added.length === 0) {
      throw new AppError("exists", `message "${reply.id}" exists already: it answers another request`);
    }
  }

  async #append(tx: Tx, entries: readonly JournalEntry[]): Promise<void> {
    const { writer, clock } = this.#o;
    await appendJournal(tx, { writer, at: clock.now(), entries });
  }
}
