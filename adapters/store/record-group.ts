import type { Kysely } from "kysely";
import type { RunId } from "../../src/domain.ts";
import type { ChainHead } from "../../src/journal.ts";
import type { Clock } from "../../src/ports.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import { appendJournal, journalStatements } from "./journal-store.ts";
import { groupStatements, writeRows } from "./record-batch.ts";
import { type CommitRows, sealBody } from "./record-commit.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey } from "./run-keys.ts";

/** Commits that one unit makes at most: those that somebody waits for, and some others, which those then wait for too. */
const mostUrgent = 64;
const mostOthers = 48;
/** While one unit becomes durable, the next is made ready and sent. */
const unitsUnderWay = 2;

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
 * few turns at the journal's chain. A group of which one fails is undone, and each that failed is made alone. A group that
 * was sent after one that is undone continues a chain that ends elsewhere: it is undone too, and made again.
 */
export class RecordGroup {
  readonly #database: Database<RecordTables>;
  readonly #clock: Clock;
  readonly #writer: string;
  #waiting: readonly Waiting[] = [];
  #underWay = 0;
  /** The end of the writer's chain once all that was sent is made; unknown before the first commit and after a failure. */
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
    if (this.#underWay < unitsUnderWay) {
      this.#underWay += 1;
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
    this.#underWay -= 1;
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
    const known = this.#head;
    try {
      if (known !== undefined && (await this.#writeAtOnce(commits, known))) {
        return new Map();
      }
      this.#head = undefined;
      return await this.#writeStepByStep(commits);
    } catch (error) {
      // Of the group as a whole: all have failed.
      this.#head = undefined;
      return new Map(commits.map((commit) => [commit, error]));
    }
  }

  /** The usual case: nothing stands in the way of any of them. False when something does; then nothing is written. */
  async #writeAtOnce(commits: readonly GroupedCommit[], known: ChainHead): Promise<boolean> {
    const { engine } = this.#database;
    const rows = groupStatements(
      engine,
      commits.flatMap((each) => each.rows ?? []),
    );
    const entries = this.#entriesOf(commits);
    const { head, statements } =
      entries.entries.length === 0
        ? { head: known, statements: [] }
        : journalStatements(engine, known, entries);
    const made = this.#database.batch([...rows, ...statements]);
    // What comes next is sent before this is made, and continues it.
    this.#head = head;
    return (await made) === "made";
  }

  /** Finds out who stands in the way. */
  async #writeStepByStep(commits: readonly GroupedCommit[]): Promise<ReadonlyMap<GroupedCommit, unknown>> {
    const failed = new Map<GroupedCommit, unknown>();
    let head: ChainHead | undefined;
    const write = async (tx: Tx): Promise<void> => {
      failed.clear();
      const rows = commits.flatMap((each) => each.rows ?? []);
      const failures = await writeRows(tx, this.#database.engine, rows);
      for (const commit of commits) {
        if (commit.rows !== null && failures.has(commit.rows)) {
          failed.set(commit, failures.get(commit.rows));
        }
      }
      if (failed.size > 0) {
        throw new Error("undone: not all of the group can be made");
      }
      head = await appendJournal(tx, this.#entriesOf(commits));
    };
    try {
      await this.#database.unit(write, { urgent: commits.some(({ urgent }) => urgent) });
    } catch (error) {
      if (failed.size === 0) {
        throw error;
      }
    }
    if (failed.size === 0) {
      this.#head = head;
    }
    return failed;
  }

  #entriesOf(commits: readonly GroupedCommit[]): Parameters<typeof appendJournal>[1] {
    const entries = commits.flatMap(({ journal }) => journal);
    const keys = new Map(commits.flatMap((each) => [...each.keys]));
    return { writer: this.#writer, at: this.#clock.now(), entries, seal: sealBody(keys) };
  }
}
