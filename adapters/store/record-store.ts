import type { Approval, ApprovalId, MessageId, PersonId, Run, RunId, ThreadId } from "../../src/domain.ts";
import type { Clock, Store } from "../../src/ports.ts";
import type { CardRow, JournalEntry, OutboxRow, RunCommit } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import { RowOpener } from "./open-rows.ts";
import {
  beginPost,
  cardRows,
  cardShown,
  endPosts,
  ofCards,
  placeCard,
  postponeCard,
  staleCards,
} from "./record-cards.ts";
import { Abandoned, isByPerson, rowsOf } from "./record-commit.ts";
import { ofContents, openContent } from "./record-contents.ts";
import { RecordGroup } from "./record-group.ts";
import { openRunIdentity } from "./record-identity.ts";
import { recordFreezes } from "./record-freezes.ts";
import { recordInstances } from "./record-instances.ts";
import { journalAlone } from "./record-journal.ts";
import { recordLeases } from "./record-leases.ts";
import { brokenMs, claimOutbox, closeOutbox, postponeOutbox, resumeOutbox } from "./record-outbox.ts";
import { recordPapers } from "./record-papers.ts";
import { heldRuns, runProgress } from "./record-progress.ts";
import { pruneRecord } from "./record-prune.ts";
import {
  approvalRow,
  askingRuns,
  contentRows,
  countOpen,
  dueRuns,
  newestRuns,
  oldestApprovals,
  openWorkflows,
  postponeRun,
  requestRows,
  runRow,
  traffic,
} from "./record-queries.ts";
import { assertMadeBy, requestRun, withdrawnBefore, withdrawRequest } from "./record-requests.ts";
import { ofApprovals, ofAskingRuns, ofRuns } from "./record-rows.ts";
import type { RecordTables } from "./record-schema.ts";
import { getValue, getValues, setValue } from "./record-values.ts";
import { noRun, type RunKey, RunKeys } from "./run-keys.ts";

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
export async function openRecordStore(options: RecordStoreOptions): Promise<RecordStore> {
  const keys = new RunKeys(options.recordKey, options.database, options.clock);
  await keys.check();
  return new RecordStore(options, keys);
}

export class RecordStore implements Store {
  readonly #database: Database<RecordTables>;
  readonly keys: RunKeys;
  readonly #rows: RowOpener;
  readonly #group: RecordGroup;
  readonly #clock: Clock;
  readonly instances: Store["instances"];
  readonly freezes: Store["freezes"];
  readonly papers: Store["papers"];
  readonly leases: Store["leases"];

  constructor(options: RecordStoreOptions, keys: RunKeys) {
    this.#database = options.database;
    this.instances = recordInstances(options.database);
    this.freezes = recordFreezes({ ...options, keys });
    this.papers = recordPapers({ ...options, keys });
    this.leases = recordLeases(options.database);
    this.keys = keys;
    this.#rows = new RowOpener(keys, (entries) => this.appendJournal(entries));
    this.#group = new RecordGroup(options);
    this.#clock = options.clock;
  }

  async createRun(commit: RunCommit, requestKey: string): Promise<{ created: boolean; run: RunId }> {
    const { id } = commit.run;
    const { key, row: runKey } = this.keys.create(id);
    const rows = rowsOf(commit, { key, now: this.#clock.now(), created: { requestKey, runKey } });
    try {
      await this.#group.commit({
        rows,
        urgent: true,
        journal: commit.journal,
        keys: await this.#journalKeys(id, key),
      });
      this.keys.keep(id, key);
      return { created: true, run: id };
    } catch (error) {
      if (!(error instanceof Abandoned)) {
        throw error;
      }
      const known = await this.requestRun(requestKey);
      if (known === undefined) {
        throw await withdrawnBefore(this.#database, requestKey, await this.keys.get(noRun));
      }
      return { created: false, run: known };
    }
  }

  async requestRun(requestKey: string): Promise<RunId | undefined> {
    const run = await requestRun(this.#database, requestKey);
    if (run !== undefined) {
      const identity = await this.#rows.one(await runRow(this.#database, run), {
        ...ofRuns,
        open: openRunIdentity,
      });
      const answers = await this.contents(run, [{ name: "answer-key:" }]);
      assertMadeBy(requestKey, identity?.key, answers);
    }
    return run;
  }

  async withdrawRequest(key: string, by: PersonId): Promise<RunId | undefined> {
    const nobody = await this.keys.get(noRun);
    await withdrawRequest(this.#database, { key, by, now: this.#clock.now() }, nobody);
    return this.requestRun(key);
  }

  async openWorkflows(): ReturnType<Store["openWorkflows"]> {
    return openWorkflows(this.#database);
  }

  async saveRun(commit: RunCommit): Promise<"saved" | "stale" | "duplicate" | "fenced"> {
    const { id } = commit.run;
    const key = await this.keys.get(id);
    try {
      await this.#group.commit({
        rows: rowsOf(commit, { key, now: this.#clock.now() }),
        urgent: isByPerson(commit),
        journal: commit.journal,
        keys: await this.#journalKeys(id, key),
      });
      return "saved";
    } catch (error) {
      if (!(error instanceof Abandoned)) {
        throw error;
      }
      return error.outcome;
    }
  }

  async #journalKeys(run: RunId, key: RunKey): Promise<ReadonlyMap<RunId, RunKey>> {
    return new Map([
      [noRun, await this.keys.get(noRun)],
      [run, key],
    ]);
  }

  async loadRun(id: RunId): Promise<Run | undefined> {
    return this.#rows.one(await runRow(this.#database, id), ofRuns);
  }

  async listRuns(o: Parameters<Store["listRuns"]>[0]): Promise<readonly Run[]> {
    return this.#rows.all(await newestRuns(this.#database, o), ofRuns);
  }

  async waitingInThread(thread: ThreadId): Promise<Run | undefined> {
    const asking = await this.#rows.all(await askingRuns(this.#database, thread), ofAskingRuns);
    // A question may be left over from a revision that was given up.
    const isOpen = ({ asked, run }: (typeof asking)[number]) =>
      run.steps.some(({ id, status }) => id === asked && status === "waiting");
    return asking.find(isOpen)?.run;
  }

  async dueRuns(now: number, limit: number): Promise<readonly RunId[]> {
    return dueRuns(this.#database, now, limit);
  }

  async progress(): ReturnType<Store["progress"]> {
    return runProgress(this.#database);
  }

  async heldRuns(limit: number): ReturnType<Store["heldRuns"]> {
    return heldRuns(this.#database, limit);
  }

  async postponeRun(id: RunId, dueAt: number): Promise<void> {
    await postponeRun(this.#database, id, dueAt);
  }

  async contents(run: RunId, wanted?: Parameters<Store["contents"]>[1]): ReturnType<Store["contents"]> {
    const rows = await contentRows(this.#database, run, wanted);
    if (rows.length === 0) {
      return [];
    }
    const key = await this.keys.get(run);
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

  async traffic(since: number): ReturnType<Store["traffic"]> {
    return traffic(this.#database, since);
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
    await cardShown(this.#database, card, message, await this.keys.get(card.run));
  }

  async postponeCard(card: CardRow, retryAt: number, o?: { readonly unposted?: boolean }): Promise<void> {
    await postponeCard(this.#database, card, retryAt, o);
  }

  async placeCard(key: string, change: Parameters<Store["placeCard"]>[1]): Promise<void> {
    const [card] = await this.cards(key);
    if (card !== undefined) {
      await placeCard(this.#database, card, change, await this.keys.get(card.run));
    }
  }

  async appendJournal(entries: readonly JournalEntry[]): Promise<void> {
    await journalAlone({ group: this.#group, keys: this.keys }, entries);
  }

  async getValue(key: string): Promise<string | undefined> {
    return getValue(this.#database, key);
  }

  async getValues(prefix: string): Promise<ReadonlyMap<string, string>> {
    return getValues(this.#database, prefix);
  }

  async setValue(key: string, value: string, o: { readonly passing?: boolean } = {}): Promise<void> {
    await setValue(this.#database, key, { value, passing_at: o.passing === true ? this.#clock.now() : null });
  }

  async prune(now: number): Promise<number> {
    return pruneRecord(this.#database, now);
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}
