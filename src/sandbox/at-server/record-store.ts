import type { StatementSync } from "node:sqlite";
import type { AtDatabase } from "./at-database.ts";
import { type RecordMetadata, type StoredRecord, visibleFrom } from "./record.ts";

export const recordSchema = `
  create table if not exists record (
    at_sign text not null, key text not null, value text not null, metadata text not null,
    available_at integer not null, expires_at integer, primary key (at_sign, key)) strict;
  create index if not exists record_expires on record (expires_at) where expires_at is not null;
`;

/** Keys, values and metadata of the atSigns. */
export class RecordStore {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: AtDatabase) {
    this.#statements = prepare((sql) => db.prepare(sql));
  }

  get(atSign: string, key: string): StoredRecord | undefined {
    const row = this.#statements.get.get(atSign, key);
    if (!row) return undefined;
    return {
      key,
      value: String(row["value"]),
      metadata: JSON.parse(String(row["metadata"])) as RecordMetadata,
    };
  }

  put(atSign: string, record: StoredRecord): void {
    const { expiresAt } = record.metadata;
    this.#statements.put.run(
      atSign,
      record.key,
      record.value,
      JSON.stringify(record.metadata),
      visibleFrom(record.metadata),
      expiresAt ?? null,
    );
  }

  delete(atSign: string, key: string): void {
    this.#statements.delete.run(atSign, key);
  }

  /** Names of the visible keys that begin with `prefix`, in order. */
  keys(atSign: string, now: number, prefix = ""): string[] {
    return this.#statements.keys
      .all(atSign, prefix, `${prefix}\u{10ffff}`, now, now)
      .map((row) => String(row["key"]));
  }

  /** How much the atSign's records take, bytes or a little less. */
  size(atSign: string): number {
    return Number(this.#statements.size.get(atSign)?.["size"]);
  }

  /** Removes what expired before `time`. */
  sweep(time: number): void {
    this.#statements.sweep.run(time);
  }
}

function prepare(sql: (text: string) => StatementSync) {
  return {
    get: sql("select value, metadata from record where at_sign = ? and key = ?"),
    put: sql(
      `insert into record (at_sign, key, value, metadata, available_at, expires_at) values (?, ?, ?, ?, ?, ?)
       on conflict (at_sign, key) do update set value = excluded.value, metadata = excluded.metadata,
         available_at = excluded.available_at, expires_at = excluded.expires_at`,
    ),
    delete: sql("delete from record where at_sign = ? and key = ?"),
    keys: sql(
      `select key from record where at_sign = ? and key >= ? and key < ?
         and available_at <= ? and (expires_at is null or expires_at > ?) order by key`,
    ),
    size: sql(
      `select coalesce(sum(length(key) + length(value) + length(metadata)), 0) as size from record where at_sign = ?`,
    ),
    sweep: sql("delete from record where expires_at <= ?"),
  };
}
