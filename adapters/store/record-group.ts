import type { Kysely } from "kysely";
import type { RunId } from "../../src/domain.ts";
import type { ChainHead } from "../../src/journal.ts";
import type { Clock } from "../../src/ports.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import { appendJournal, appendJournalAfter } from "./journal-store.ts";
import { writeRows } from "./record-batch.ts";
import { type CommitRows, sealBody } from "./record-commit.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey } from "./run-keys.ts";

/** Commits that one unit makes at most: those that somebody waits for, and some others, which those then wait for too. */
const mostUrgent = 64;
const mostOthers = 48;

/** One commit: of a run, or journal entries alone. */
export interface GroupedCommit {
  readonly rows: CommitRows | null;
  /** Somebody waits for it. */
  readonly urgent: boolean;
  readonly journal: readonly JournalEntry[];
  /** Those its journal's bodies are sealed under, by run; see `noRun`. */
  readonly keys: ReadonlyMap<RunId, RunKey>;
}
type Tx = Kysely<RecordTables>;
interface Waiting {
  readonly commit: GroupedCommit;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes commits. Those that come while others are made share the next unit: a burst is paid for with few statements and
 * few turns at the journal's chain. A group of which one fails is undone, and each that failed is made alone.
 */
export class RecordGroup {
  readonly #database: Database<RecordTables>;
  readonly #clock: Clock;
  readonly #writer: string;
  #waiting: readonly Waiting[] = [];
  #making = false;
  /** The end of the writer's chain as it was committed last; unknown before the first commit and after a failure. */
  #head: ChainHead | undefined;

  constructor(o: {
    readonly database: Database<RecordTables>;
    readonly clock: Clock;
    /** Whose chain of the journal it is. */
    readonly writer: string;
  }) {
    this.#database = o.database;
    this.#clock = o.clock;
    this.#writer = o.writer;
  }

  /** Resolves when it is durable; fails with `Abandoned` where it must not be made. */
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
    const isFirst = ({ commit: { rows } }: Waiting): boolean =>
      rows === null || (!runs.has(rows.run.id) && runs.add(rows.run.id) !== undefined);
    const ready = this.#waiting.filter(isFirst);
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
      for (const again of [others, ...alone.map((each) => [each])]) {
        if (again.length > 0) {
          await this.#make(again);
        }
      }
    }
  }

  /** Resolves with those that failed, and how; then none is made. */
  async #write(commits: readonly GroupedCommit[]): Promise<ReadonlyMap<GroupedCommit, unknown>> {
    let failed = new Map<GroupedCommit, unknown>();
    const known = this.#head;
    let head: ChainHead | "moved" | undefined;
    const write = async (tx: Tx): Promise<void> => {
      const [journal, rows] = await Promise.allSettled([
        this.#append(tx, commits, known),
        writeRows(
          tx,
          this.#database.engine,
          commits.flatMap((each) => each.rows ?? []),
        ),
      ]);
      head = journal.status === "fulfilled" ? journal.value : undefined;
      const failures = rows.status === "fulfilled" ? rows.value : undefined;
      failed = new Map(
        commits.flatMap((commit) =>
          commit.rows !== null && failures?.has(commit.rows) === true
            ? [[commit, failures.get(commit.rows)]]
            : [],
        ),
      );
      for (const result of [journal, rows]) {
        if (result.status === "rejected") {
          throw result.reason;
        }
      }
      if (failed.size > 0 || head === "moved") {
        throw new Error("undone: not all of the group can be made");
      }
    };
    this.#head = undefined;
    try {
      await this.#database.unit(write, { urgent: commits.some(({ urgent }) => urgent) });
      this.#head = head === "moved" ? undefined : (head ?? known);
      return new Map();
    } catch (error) {
      if (head === "moved") {
        return this.#write(commits);
      }
      // Of the unit itself: all have failed.
      return failed.size > 0 ? failed : new Map(commits.map((commit) => [commit, error]));
    }
  }

  async #append(
    tx: Tx,
    commits: readonly GroupedCommit[],
    known: ChainHead | undefined,
  ): Promise<ChainHead | "moved" | undefined> {
    const entries = commits.flatMap(({ journal }) => journal);
    if (entries.length === 0) {
      return known;
    }
    const keys = new Map(commits.flatMap((each) => [...each.keys]));
    const o = { writer: this.#writer, at: this.#clock.now(), entries, seal: sealBody(keys) };
    return known === undefined
      ? appendJournal(tx, o)
      : appendJournalAfter(tx, this.#database.engine, known, o);
  }
}
