import type { Approval, ApprovalId, MessageId, Run, RunId, ThreadId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { Clock, Store } from "../../src/ports.ts";
import type { CardRow, Content, JournalEntry, OutboxRow, RunCommit } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import { appendJournal } from "./journal-store.ts";
import type { CommitContext } from "./record-commit.ts";
import { Abandoned, contentPlace, sealBody, writeNewRun, writeNextRun } from "./record-commit.ts";
import { claimOutbox, closeOutbox, postponeOutbox } from "./record-outbox.ts";
import { askingRuns, newestRuns, oldestApprovals } from "./record-queries.ts";
import { approvalFrom, cardFrom, runFrom } from "./record-rows.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey } from "./run-keys.ts";
import { noRun, RunKeys } from "./run-keys.ts";

export interface RecordStoreOptions {
  /** Opened with `recordMigrations`; closed by the store's `close`. */
  readonly database: Database<RecordTables>;
  /** 32 bytes; see `record-key.ts`. */
  readonly recordKey: Uint8Array;
  readonly clock: Clock;
  /** This process's incarnation: its own chain in the journal, never used by another one. */
  readonly writer: string;
}

/** The record on SQL. Fails with "sealed-broken" when the key is not the one the record was sealed with. */
export async function openRecordStore(options: RecordStoreOptions): Promise<Store> {
  const keys = new RunKeys(options.recordKey, options.database);
  await keys.check();
  return new RecordStore(options, keys);
}

class RecordStore implements Store {
  readonly #database: Database<RecordTables>;
  readonly #keys: RunKeys;
  readonly #clock: Clock;
  readonly #writer: string;

  constructor(options: RecordStoreOptions, keys: RunKeys) {
    this.#database = options.database;
    this.#keys = keys;
    this.#clock = options.clock;
    this.#writer = options.writer;
  }

  async createRun(commit: RunCommit, requestKey: string): Promise<{ created: boolean; run: RunId }> {
    const { key, store } = this.#keys.create(commit.run.id);
    const context = await this.#context(key);
    return this.#database.unit(async (tx) => {
      const taken = await tx
        .insertInto("requests")
        .values({ key: requestKey, run: commit.run.id })
        .onConflict((conflict) => conflict.doNothing())
        .returning("run")
        .execute();
      if (taken.length === 0) {
        const known = await tx
          .selectFrom("requests")
          .select("run")
          .where("key", "=", requestKey)
          .executeTakeFirstOrThrow();
        return { created: false, run: known.run };
      }
      await store(tx);
      await writeNewRun(tx, commit, context);
      return { created: true, run: commit.run.id };
    });
  }

  async saveRun(commit: RunCommit): Promise<"saved" | "stale" | "duplicate"> {
    const context = await this.#context(await this.#keys.get(commit.run.id));
    try {
      await this.#database.unit((tx) => writeNextRun(tx, commit, context));
      return "saved";
    } catch (error) {
      if (error instanceof Abandoned) {
        return error.outcome;
      }
      throw error;
    }
  }

  async loadRun(id: RunId): Promise<Run | undefined> {
    const row = await this.#database.read((db) =>
      db.selectFrom("runs").selectAll().where("id", "=", id).executeTakeFirst(),
    );
    return row === undefined ? undefined : runFrom(row, await this.#keys.get(id));
  }

  async listRuns(o: Parameters<Store["listRuns"]>[0]): Promise<readonly Run[]> {
    const rows = await newestRuns(this.#database, o);
    return Promise.all(rows.map(async (row) => runFrom(row, await this.#keys.get(row.id))));
  }

  async waitingInThread(thread: ThreadId): Promise<Run | undefined> {
    for (const { asked, ...row } of await askingRuns(this.#database, thread)) {
      const run = runFrom(row, await this.#keys.get(row.id));
      // A question may be left over from a revision that was given up.
      if (run.steps.some((step) => step.id === asked && step.status === "waiting")) {
        return run;
      }
    }
    return undefined;
  }

  async dueRuns(now: number, limit: number): Promise<readonly RunId[]> {
    const rows = await this.#database.read((db) =>
      db
        .selectFrom("runs")
        .select("id")
        .where("due_at", "is not", null)
        .where("due_at", "<=", now)
        .orderBy("due_at")
        .orderBy("id")
        .limit(limit)
        .execute(),
    );
    return rows.map((row) => row.id);
  }

  async contents(run: RunId, revision?: number): Promise<readonly Content[]> {
    const rows = await this.#database.read((db) => {
      const query = db.selectFrom("contents").selectAll().where("run", "=", run);
      return (revision === undefined ? query : query.where("revision", "=", revision))
        .orderBy("revision")
        .orderBy("step")
        .orderBy("name")
        .execute();
    });
    if (rows.length === 0) {
      return [];
    }
    const key = await this.#keys.get(run);
    return rows.map(({ value, ...id }) => ({ ...id, value: key.open(contentPlace(id), value) }));
  }

  async approval(id: ApprovalId): Promise<Approval | undefined> {
    const row = await this.#database.read((db) =>
      db.selectFrom("approvals").selectAll().where("id", "=", id).executeTakeFirst(),
    );
    return row === undefined ? undefined : approvalFrom(row);
  }

  async approvals(o: Parameters<Store["approvals"]>[0]): Promise<readonly Approval[]> {
    return (await oldestApprovals(this.#database, o)).map(approvalFrom);
  }

  async inFlight(): Promise<Readonly<Record<string, number>>> {
    const rows = await this.#database.read((db) =>
      db
        .selectFrom("outbox")
        .select(["recipient", (eb) => eb.fn.countAll<number>().as("open")])
        .where("closed_at", "is", null)
        .where("kind", "=", "request")
        .groupBy("recipient")
        .execute(),
    );
    return Object.fromEntries(rows.map((row) => [row.recipient, row.open]));
  }

  async claimOutbox(now: number, leaseMs: number, limit: number): Promise<readonly OutboxRow[]> {
    const { rows, alarms } = await claimOutbox(this.#database, this.#keys, { now, leaseMs, limit });
    await this.appendJournal(alarms);
    return rows;
  }

  async postponeOutbox(id: string, dueAt: number): Promise<void> {
    await postponeOutbox(this.#database, id, dueAt);
  }

  async closeOutbox(ids: readonly string[]): Promise<void> {
    await this.#database.unit((tx) => closeOutbox(tx, ids, this.#clock.now()));
  }

  async staleCards(limit: number): Promise<readonly CardRow[]> {
    const rows = await this.#database.read((db) =>
      db
        .selectFrom("cards")
        .selectAll()
        .whereRef("shown_version", "<", "version")
        .orderBy("key")
        .limit(limit)
        .execute(),
    );
    return rows.map(cardFrom);
  }

  async card(key: string): Promise<CardRow | undefined> {
    const row = await this.#database.read((db) =>
      db.selectFrom("cards").selectAll().where("key", "=", key).executeTakeFirst(),
    );
    return row === undefined ? undefined : cardFrom(row);
  }

  async cardShown(key: string, version: number, message: MessageId): Promise<void> {
    await this.#database.unit((tx) =>
      tx
        .updateTable("cards")
        // A slow update that ends after a newer one does not count back.
        .set((eb) => ({
          message,
          shown_version: eb
            .case()
            .when("shown_version", ">", version)
            .then(eb.ref("shown_version"))
            .else(version)
            .end(),
        }))
        .where("key", "=", key)
        .execute(),
    );
  }

  async appendJournal(entries: readonly JournalEntry[]): Promise<void> {
    if (entries.length === 0) {
      return;
    }
    const keys = new Map<string, RunKey>();
    for (const entry of entries) {
      if (entry.body !== undefined) {
        keys.set(entry.run ?? noRun, await this.#keys.get(entry.run ?? noRun));
      }
    }
    const seal = sealBody((run) => {
      const key = keys.get(run ?? noRun);
      if (key === undefined) {
        throw new AppError("internal", `no key was made ready for journal entries of run "${run}"`);
      }
      return key;
    });
    const at = this.#clock.now();
    await this.#database.unit((tx) => appendJournal(tx, { writer: this.#writer, at, entries, seal }));
  }

  async getValue(key: string): Promise<string | undefined> {
    const row = await this.#database.read((db) =>
      db.selectFrom("kept_values").select("value").where("key", "=", key).executeTakeFirst(),
    );
    return row?.value;
  }

  async setValue(key: string, value: string): Promise<void> {
    await this.#database.unit((tx) =>
      tx
        .insertInto("kept_values")
        .values({ key, value })
        .onConflict((conflict) => conflict.column("key").doUpdateSet({ value }))
        .execute(),
    );
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  async #context(run: RunKey): Promise<CommitContext> {
    return {
      keys: { run, noRun: await this.#keys.get(noRun) },
      writer: this.#writer,
      now: this.#clock.now(),
    };
  }
}
