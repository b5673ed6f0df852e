import type { Approval, ApprovalId, MessageId, Run, RunId, ThreadId } from "../../src/domain.ts";
import type { InstanceStore } from "../../src/instance-types.ts";
import type { Clock, Store } from "../../src/ports.ts";
import type {
  CardRow,
  Content,
  ContentFilter,
  JournalEntry,
  OpenWorkflow,
  OutboxRow,
  RunCommit,
} from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import { RowOpener } from "./open-rows.ts";
import {
  beginPost,
  cardRows,
  cardShown,
  endPosts,
  ofCards,
  postponeCard,
  staleCards,
} from "./record-cards.ts";
import type { CommitContext } from "./record-commit.ts";
import { Abandoned, isByPerson, ofContents, openContent } from "./record-commit.ts";
import { writeNewRun, writeNextRun } from "./record-commit.ts";
import { openRunIdentity } from "./record-identity.ts";
import { recordInstances } from "./record-instances.ts";
import { journalAlone } from "./record-journal.ts";
import { brokenMs, claimOutbox, closeOutbox, postponeOutbox, resumeOutbox } from "./record-outbox.ts";
import { pruneRecord } from "./record-prune.ts";
import {
  approvalRow,
  askingRuns,
  contentRows,
  countOpen,
  dueRuns,
  inFlight,
  newestRuns,
  oldestApprovals,
  openWorkflows,
  requestRows,
  requestRun,
} from "./record-queries.ts";
import { ofApprovals, runFrom } from "./record-rows.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey } from "./run-keys.ts";
import { noRun, RunKeys } from "./run-keys.ts";
import { sealedBroken } from "./sealed.ts";

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

type Runs = RecordTables["runs"];
const ofRuns = {
  table: "runs",
  id: (row: Pick<Runs, "id">) => row.id,
  run: (row: Pick<Runs, "id">) => row.id,
  open: runFrom,
};

class RecordStore implements Store {
  readonly #database: Database<RecordTables>;
  readonly #keys: RunKeys;
  readonly #rows: RowOpener;
  readonly #clock: Clock;
  readonly #writer: string;
  readonly instances: InstanceStore;

  constructor(options: RecordStoreOptions, keys: RunKeys) {
    this.#database = options.database;
    this.instances = recordInstances(options.database);
    this.#keys = keys;
    this.#rows = new RowOpener(keys, (entries) => this.appendJournal(entries));
    this.#clock = options.clock;
    this.#writer = options.writer;
  }

  async createRun(commit: RunCommit, requestKey: string): Promise<{ created: boolean; run: RunId }> {
    const { key, store } = this.#keys.create(commit.run.id);
    const context = await this.#context(key);
    const { id } = commit.run;
    try {
      await this.#database.unit((tx) => writeNewRun(tx, commit, { requestKey, storeKey: store, context }), {
        urgent: true,
      });
      return { created: true, run: id };
    } catch (error) {
      const known = error instanceof Abandoned ? await this.requestRun(requestKey) : undefined;
      if (known === undefined) {
        throw error;
      }
      return { created: false, run: known };
    }
  }

  async requestRun(requestKey: string): Promise<RunId | undefined> {
    const run = await requestRun(this.#database, requestKey);
    if (run !== undefined) {
      await this.#assertMadeBy(run, requestKey);
    }
    return run;
  }

  async openWorkflows(): Promise<readonly OpenWorkflow[]> {
    return openWorkflows(this.#database);
  }

  /** Whoever sent a message twice is told of the run that it started or answered, not of another one. */
  async #assertMadeBy(run: RunId, requestKey: string): Promise<void> {
    const row = await this.#database.read((db) =>
      db.selectFrom("runs").selectAll().where("id", "=", run).executeTakeFirst(),
    );
    const identity = await this.#rows.one(row, { ...ofRuns, open: openRunIdentity });
    const keys = await this.contents(run, [{ name: "answer-key:" }]);
    if (identity?.key !== requestKey && !keys.some((each) => each.value === requestKey)) {
      throw sealedBroken({ table: "requests", row: requestKey, column: "run", version: 1 });
    }
  }

  async saveRun(commit: RunCommit): Promise<"saved" | "stale" | "duplicate"> {
    const context = await this.#context(await this.#keys.get(commit.run.id));
    try {
      await this.#database.unit((tx) => writeNextRun(tx, commit, context), { urgent: isByPerson(commit) });
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
    return this.#rows.one(row, ofRuns);
  }

  async listRuns(o: Parameters<Store["listRuns"]>[0]): Promise<readonly Run[]> {
    return this.#rows.all(await newestRuns(this.#database, o), ofRuns);
  }

  async waitingInThread(thread: ThreadId): Promise<Run | undefined> {
    const asking = await this.#rows.all(await askingRuns(this.#database, thread), {
      ...ofRuns,
      open: ({ asked, ...row }, key) => ({ asked, run: runFrom(row, key) }),
    });
    // A question may be left over from a revision that was given up.
    return asking.find(({ asked, run }) =>
      run.steps.some((step) => step.id === asked && step.status === "waiting"),
    )?.run;
  }

  async dueRuns(now: number, limit: number): Promise<readonly RunId[]> {
    return dueRuns(this.#database, now, limit);
  }

  async postponeRun(id: RunId, dueAt: number): Promise<void> {
    await this.#database.unit((tx) =>
      tx
        .updateTable("runs")
        .set({ due_at: dueAt })
        .where("id", "=", id)
        .where("due_at", "<", dueAt)
        .execute(),
    );
  }

  async contents(run: RunId, wanted?: ContentFilter): Promise<readonly Content[]> {
    const rows = await contentRows(this.#database, run, wanted);
    if (rows.length === 0) {
      return [];
    }
    const key = await this.#keys.get(run);
    return rows.map((row) => openContent(row, key));
  }

  async requestTexts(runs: readonly RunId[]): Promise<ReadonlyMap<RunId, string>> {
    const rows = await requestRows(this.#database, runs);
    const texts = await this.#rows.all(rows, ofContents);
    return new Map(texts.map(({ run, value }) => [run, typeof value === "string" ? value : ""]));
  }

  async approval(id: ApprovalId): Promise<Approval | undefined> {
    return this.#rows.one(await approvalRow(this.#database, id), ofApprovals);
  }

  async approvals(o: Parameters<Store["approvals"]>[0]): Promise<readonly Approval[]> {
    return this.#rows.all(await oldestApprovals(this.#database, o), ofApprovals);
  }

  async counts(): Promise<{ openRuns: number; openApprovals: number }> {
    return countOpen(this.#database);
  }

  async inFlight(): Promise<Readonly<Record<string, number>>> {
    return inFlight(this.#database);
  }

  async claimOutbox(now: number, leaseMs: number, limit: number): Promise<readonly OutboxRow[]> {
    return claimOutbox(this.#database, this.#rows, { now, leaseMs, limit });
  }

  async postponeOutbox(id: string, dueAt: number): Promise<void> {
    await postponeOutbox(this.#database, id, dueAt);
  }

  async resume(now: number): Promise<void> {
    await this.#database.unit(async (tx) => {
      await resumeOutbox(tx, now);
      if (this.#database.engine === "sqlite") {
        // Nobody else has this database open.
        await endPosts(tx, now);
      }
    });
  }

  async closeOutbox(ids: readonly string[]): Promise<void> {
    await this.#database.unit((tx) => closeOutbox(tx, ids, this.#clock.now()));
  }

  async staleCards(now: number, limit: number): Promise<readonly CardRow[]> {
    const rows = await staleCards(this.#database, now, limit);
    return this.#rows.all(rows, ofCards, ({ row }) => postponeCard(this.#database, row, now + brokenMs));
  }

  async cards(key: string): Promise<readonly CardRow[]> {
    return this.#rows.all(await cardRows(this.#database, key), ofCards);
  }

  async beginPost(card: CardRow, now: number, leaseMs: number): Promise<"first" | "again" | "taken"> {
    return beginPost(this.#database, card, { now, leaseMs });
  }

  async cardShown(card: CardRow, message: MessageId | null): Promise<void> {
    await cardShown(this.#database, card, message, await this.#keys.get(card.run));
  }

  async postponeCard(card: CardRow, retryAt: number, o?: { readonly unposted?: boolean }): Promise<void> {
    await postponeCard(this.#database, card, retryAt, o);
  }

  async appendJournal(entries: readonly JournalEntry[]): Promise<void> {
    const [database, keys, clock, writer] = [this.#database, this.#keys, this.#clock, this.#writer];
    await journalAlone({ database, keys, clock, writer }, entries);
  }

  async getValue(key: string): Promise<string | undefined> {
    const row = await this.#database.read((db) =>
      db.selectFrom("kept_values").select("value").where("key", "=", key).executeTakeFirst(),
    );
    return row?.value;
  }

  async setValue(key: string, value: string, o: { readonly passing?: boolean } = {}): Promise<void> {
    const row = { value, passing_at: o.passing === true ? this.#clock.now() : null };
    await this.#database.unit((tx) =>
      tx
        .insertInto("kept_values")
        .values({ key, ...row })
        .onConflict((conflict) => conflict.column("key").doUpdateSet(row))
        .execute(),
    );
  }

  async prune(now: number): Promise<number> {
    return pruneRecord(this.#database, now);
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
