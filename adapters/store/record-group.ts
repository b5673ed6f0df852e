import type { Kysely } from "kysely";
import type { RunId } from "../../src/domain.ts";
import type { Clock } from "../../src/ports.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import { appendJournal } from "./journal-store.ts";
import { sealBody, valueOf } from "./record-commit.ts";
import type { RecordTables } from "./record-schema.ts";
import { noRun, type RunKey, type RunKeys } from "./run-keys.ts";

/** Commits that one unit makes at most: those that somebody waits for, and a few others, which those then wait for too. */
const mostUrgent = 64;
const mostOthers = 8;

/** One commit of a run. */
export interface GroupedCommit {
  readonly run: RunId;
  readonly key: RunKey;
  /** Somebody waits for it. */
  readonly urgent: boolean;
  readonly journal: readonly JournalEntry[];
  /** Writes everything but the journal; may be called again. */
  readonly write: (tx: Tx) => Promise<void>;
}
type Tx = Kysely<RecordTables>;
interface Waiting {
  readonly commit: GroupedCommit;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes commits of runs. Those that come while others are made share the next unit: a burst is paid for with few ways
 * to the database and few turns at the journal's chain. A group of which one fails is undone, and each of it is made
 * alone.
 */
export class RecordGroup {
  readonly #database: Database<RecordTables>;
  readonly #keys: RunKeys;
  readonly #clock: Clock;
  readonly #writer: string;
  #waiting: readonly Waiting[] = [];
  #making = false;

  constructor(o: {
    readonly database: Database<RecordTables>;
    readonly keys: RunKeys;
    readonly clock: Clock;
    /** Whose chain of the journal it is. */
    readonly writer: string;
  }) {
    this.#database = o.database;
    this.#keys = o.keys;
    this.#clock = o.clock;
    this.#writer = o.writer;
  }

  /** Resolves when it is durable; fails as its `write` fails. */
  commit(commit: GroupedCommit): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting = [...this.#waiting, { commit, resolve, reject }];
    if (!this.#making) {
      this.#making = true;
      void this.#makeAll();
    }
    return promise;
  }

  async #makeAll(): Promise<void> {
    // What is asked for in the same turn goes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await this.#make(this.#next());
    }
    this.#making = false;
  }

  /** Of each run only the first: the next one builds on it. */
  #next(): readonly Waiting[] {
    const runs = new Set<RunId>();
    const ready = this.#waiting.filter(({ commit }) => !runs.has(commit.run) && runs.add(commit.run));
    const group = new Set([
      ...ready.filter(({ commit }) => commit.urgent).slice(0, mostUrgent),
      ...ready.filter(({ commit }) => !commit.urgent).slice(0, mostOthers),
    ]);
    this.#waiting = this.#waiting.filter((each) => !group.has(each));
    return [...group];
  }

  async #make(group: readonly Waiting[]): Promise<void> {
    const failed = await this.#write(group.map(({ commit }) => commit));
    if (failed.size === 0) {
      group.forEach(({ resolve }) => resolve());
    } else if (group.length === 1) {
      group.forEach(({ commit, reject }) => reject(failed.get(commit)));
    } else {
      // All are undone. What failed beside others is judged alone.
      const alone = group.filter(({ commit }) => failed.has(commit));
      const others = group.filter(({ commit }) => !failed.has(commit));
      const again = [others, ...alone.map((each) => [each])].filter((each) => each.length > 0);
      await Promise.all(again.map((each) => this.#make(each)));
    }
  }

  /** Resolves with those that failed, and how; then none is made. */
  async #write(commits: readonly GroupedCommit[]): Promise<ReadonlyMap<GroupedCommit, unknown>> {
    const keys = new Map(commits.map(({ run, key }) => [run, key]));
    const forNoRun = await this.#keys.get(noRun);
    const seal = sealBody((run) => (run === null ? undefined : keys.get(run)) ?? forNoRun);
    const [writer, at] = [this.#writer, this.#clock.now()];
    const entries = commits.flatMap(({ journal }) => journal);
    let failed = new Map<GroupedCommit, unknown>();
    const write = async (tx: Tx): Promise<void> => {
      failed = new Map();
      // Sent together and judged together: on SQLite the way to the database's thread costs more than the statements.
      const [journal, ...results] = await Promise.allSettled([
        appendJournal(tx, { writer, at, entries, seal }),
        ...commits.map((commit) => commit.write(tx)),
      ]);
      commits.forEach((commit, index) => {
        const result = results[index];
        if (result?.status === "rejected") {
          failed.set(commit, result.reason);
        }
      });
      results.forEach(valueOf);
      valueOf(journal);
    };
    try {
      await this.#database.unit(write, { urgent: commits.some(({ urgent }) => urgent) });
      return new Map();
    } catch (error) {
      // Of the unit itself: all have failed.
      return failed.size > 0 ? failed : new Map(commits.map((commit) => [commit, error]));
    }
  }
}
