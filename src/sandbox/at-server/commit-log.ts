import type { SQLOutputValue, StatementSync } from "node:sqlite";
import type { AtDatabase } from "./at-database.ts";

/** Update, change of the metadata only, update with metadata, delete. */
export type CommitOperation = "+" | "#" | "*" | "-";

/** The newest change of a key. */
export interface CommitEntry {
  readonly commitId: number;
  readonly key: string;
  readonly operation: CommitOperation;
  /** When it was made, or when its maker says; milliseconds, 0 for entries of earlier versions. */
  readonly opTime: number;
}

export const commitSchema = `
  create table if not exists at_sign (name text primary key, commit_id integer not null) strict;
  create table if not exists commit_entry (
    at_sign text not null, key text not null, commit_id integer not null, operation text not null,
    primary key (at_sign, key)) strict;
  create unique index if not exists commit_entry_id on commit_entry (at_sign, commit_id);
`;

/** Which keys of an atSign changed in which order: one entry per key, its newest. */
export class CommitLog {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: AtDatabase) {
    addColumn(db);
    this.#statements = prepare((sql) => db.prepare(sql));
  }

  /** Makes the atSign known; true when it is new. */
  addAtSign(atSign: string): boolean {
    return this.#statements.addAtSign.run(atSign).changes === 1;
  }

  /** Counts one more commit and returns its id; the first is 0. Within a transaction. */
  add(atSign: string, key: string, operation: CommitOperation, opTime: number): number {
    const commitId = Number(this.#statements.next.get(atSign)?.["commit_id"]);
    this.#statements.add.run(atSign, key, commitId, operation, opTime);
    return commitId;
  }

  /** Forgets that a key ever changed. */
  remove(atSign: string, key: string): void {
    this.#statements.remove.run(atSign, key);
  }

  /** The newest commit id; -1 when there is none. */
  last(atSign: string): number {
    return Number(this.#statements.last.get(atSign)?.["commit_id"] ?? -1);
  }

  /** A page of entries with a higher commit id than `after`, ascending. */
  after(atSign: string, after: number, limit: number): CommitEntry[] {
    return this.#statements.after.all(atSign, after, limit).map((row) => readEntry(row));
  }

  /** All entries, newest first, page by page. */
  *newestFirst(atSign: string): Generator<CommitEntry[]> {
    for (let before = Number.MAX_SAFE_INTEGER; ;) {
      const page = this.#statements.before.all(atSign, before).map((row) => readEntry(row));
      const last = page.at(-1);
      if (!last) return;
      yield page;
      before = last.commitId;
    }
  }

  /** Gives every record that has no entry one; for data from before there was a log. */
  addMissing(isLogged: (key: string) => boolean): void {
    for (const row of this.#statements.missing.all()) {
      const key = String(row["key"]);
      if (isLogged(key)) this.add(String(row["at_sign"]), key, "+", 0);
    }
  }

  /** Forgets the entries of records that are about to be removed because they expired before `time`. */
  sweep(time: number): void {
    this.#statements.sweep.run(time);
  }
}

/** Tables of earlier versions lack it. */
function addColumn(db: AtDatabase): void {
  if (db.prepare("select 1 from pragma_table_info('commit_entry') where name = 'op_time'").get()) return;
  db.prepare("alter table commit_entry add column op_time integer not null default 0").run();
}

function readEntry(row: Record<string, SQLOutputValue>): CommitEntry {
  return {
    commitId: Number(row["commit_id"]),
    key: String(row["key"]),
    operation: String(row["operation"]) as CommitOperation,
    opTime: Number(row["op_time"]),
  };
}

function prepare(sql: (text: string) => StatementSync) {
  return {
    addAtSign: sql("insert into at_sign (name, commit_id) values (?, -1) on conflict do nothing"),
    next: sql("update at_sign set commit_id = commit_id + 1 where name = ? returning commit_id"),
    add: sql(
      `insert into commit_entry (at_sign, key, commit_id, operation, op_time) values (?, ?, ?, ?, ?)
       on conflict (at_sign, key) do update set
         commit_id = excluded.commit_id, operation = excluded.operation, op_time = excluded.op_time`,
    ),
    remove: sql("delete from commit_entry where at_sign = ? and key = ?"),
    last: sql("select commit_id from at_sign where name = ?"),
    after: sql(
      `select commit_id, key, operation, op_time from commit_entry
       where at_sign = ? and commit_id > ? order by commit_id limit ?`,
    ),
    before: sql(
      `select commit_id, key, operation, op_time from commit_entry
       where at_sign = ? and commit_id < ? order by commit_id desc limit 500`,
    ),
    missing: sql(
      `select r.at_sign, r.key from record r
       where not exists (select 1 from commit_entry e where e.at_sign = r.at_sign and e.key = r.key)
       order by r.at_sign, r.key`,
    ),
    sweep: sql(
      `delete from commit_entry where (at_sign, key) in (select at_sign, key from record where expires_at <= ?)`,
    ),
  };
}
