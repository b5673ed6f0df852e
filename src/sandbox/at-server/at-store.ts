import type { DatabaseSync, StatementSync } from "node:sqlite";
import { openSandboxDatabase } from "../sandbox-database.ts";
import type { RecordMetadata, StoredRecord } from "./record.ts";

/** A notification as its receiver keeps it. `metadata` is the JSON of the frame's metadata. */
export interface StoredNotification {
  readonly recipient: string;
  readonly sender: string;
  readonly id: string;
  readonly key: string;
  readonly value: string | null;
  readonly operation: "update" | "delete";
  readonly messageType: "key" | "text";
  readonly isEncrypted: boolean;
  readonly metadata: string;
  readonly epochMillis: number;
  readonly expiresAt: number;
}

export type DeliveryStatus = "delivered" | "errored";

const schema = `
  create table if not exists at_sign (name text primary key, commit_id integer not null) strict;
  create table if not exists record (
    at_sign text not null, key text not null, value text not null, metadata text not null,
    available_at integer not null, expires_at integer, primary key (at_sign, key)) strict;
  create index if not exists record_expires on record (expires_at) where expires_at is not null;
  create table if not exists notification (
    recipient text not null, sender text not null, id text not null, key text not null, value text, operation text not null,
    message_type text not null, is_encrypted integer not null, metadata text not null, epoch_ms integer not null,
    expires_at integer not null, primary key (recipient, sender, id)) strict;
  create index if not exists notification_time on notification (recipient, epoch_ms);
  create index if not exists notification_expires on notification (expires_at);
  create table if not exists sent (
    at_sign text not null, id text not null, status text not null, expires_at integer not null, primary key (at_sign, id)) strict;
  create index if not exists sent_expires on sent (expires_at);
`;

/** All atSigns' data in one SQLite file. Committed means safe against the end of the process (WAL). Text is opaque. */
export class AtStore {
  readonly #db: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;
  #afterCommit: (() => void)[] | undefined;

  constructor(file: string) {
    this.#db = openSandboxDatabase(file, `pragma secure_delete = on; ${schema}`);
    this.#statements = prepare((sql) => this.#db.prepare(sql));
  }

  /** Runs `work` in one transaction; an inner call joins the outer one. */
  transaction<T>(work: () => T): T {
    if (this.#afterCommit) return work();
    const afterCommit: (() => void)[] = [];
    this.#statements.begin.run();
    this.#afterCommit = afterCommit;
    let result: T;
    try {
      result = work();
      this.#statements.commit.run();
    } catch (error) {
      if (this.#db.isTransaction) this.#statements.rollback.run();
      throw error;
    } finally {
      this.#afterCommit = undefined;
    }
    for (const action of afterCommit) action();
    return result;
  }

  /** Does something once the running transaction is committed; nothing of it when it fails. */
  afterCommit(action: () => void): void {
    if (this.#afterCommit) this.#afterCommit.push(action);
    else action();
  }

  /** Makes the atSign known; true when it is new. */
  addAtSign(atSign: string): boolean {
    return this.#statements.addAtSign.run(atSign).changes === 1;
  }

  /** Counts one more commit and returns its id; the first is 0. */
  nextCommitId(atSign: string): number {
    return Number(this.#statements.nextCommitId.get(atSign)?.["commit_id"]);
  }

  lastCommitId(atSign: string): number {
    return Number(this.#statements.lastCommitId.get(atSign)?.["commit_id"] ?? -1);
  }

  record(atSign: string, key: string): StoredRecord | undefined {
    const row = this.#statements.record.get(atSign, key);
    if (!row) return undefined;
    return {
      key,
      value: String(row["value"]),
      metadata: JSON.parse(String(row["metadata"])) as RecordMetadata,
    };
  }

  putRecord(atSign: string, record: StoredRecord): void {
    const { availableAt, expiresAt } = record.metadata;
    this.#statements.putRecord.run(
      atSign,
      record.key,
      record.value,
      JSON.stringify(record.metadata),
      availableAt,
      expiresAt ?? null,
    );
  }

  deleteRecord(atSign: string, key: string): void {
    this.#statements.deleteRecord.run(atSign, key);
  }

  /** Names of the visible keys, in order. */
  keys(atSign: string, now: number): string[] {
    return this.#statements.keys.all(atSign, now, now).map((row) => String(row["key"]));
  }

  /** Keeps a received notification; false when the recipient already has this id from this sender. */
  addNotification(n: StoredNotification): boolean {
    const changes = this.#statements.addNotification.run(
      n.recipient,
      n.sender,
      n.id,
      n.key,
      n.value,
      n.operation,
      n.messageType,
      n.isEncrypted ? 1 : 0,
      n.metadata,
      n.epochMillis,
      n.expiresAt,
    ).changes;
    return changes === 1;
  }

  /** Position of the newest notification of any atSign, for `notificationsSince`. */
  lastNotificationRow(): number {
    return Number(this.#statements.lastNotificationRow.get()?.["row"] ?? 0);
  }

  /**
   * A page of unexpired notifications received after `since`, in order of arrival, with positions in (afterRow,
   * lastRow].
   */
  notificationsSince(
    recipient: string,
    o: { since: number; now: number; afterRow: number; lastRow: number },
  ): { row: number; notification: StoredNotification }[] {
    return this.#statements.notificationsSince
      .all(recipient, o.since, o.now, o.afterRow, o.lastRow)
      .map((row) => ({
        row: Number(row["rowid"]),
        notification: {
          recipient,
          sender: String(row["sender"]),
          id: String(row["id"]),
          key: String(row["key"]),
          value: row["value"] === null ? null : String(row["value"]),
          operation: row["operation"] === "delete" ? "delete" : "update",
          messageType: row["message_type"] === "text" ? "text" : "key",
          isEncrypted: row["is_encrypted"] === 1,
          metadata: String(row["metadata"]),
          epochMillis: Number(row["epoch_ms"]),
          expiresAt: Number(row["expires_at"]),
        },
      }));
  }

  putStatus(atSign: string, id: string, status: DeliveryStatus, expiresAt: number): void {
    this.#statements.putStatus.run(atSign, id, status, expiresAt);
  }

  /** What became of a notification this atSign sent; undefined for an unknown id. */
  status(atSign: string, id: string, now: number): DeliveryStatus | "expired" | undefined {
    const row = this.#statements.status.get(atSign, id);
    if (!row) return undefined;
    if (Number(row["expires_at"]) <= now) return "expired";
    return row["status"] === "delivered" ? "delivered" : "errored";
  }

  /** Removes what expired more than `graceMs` ago. */
  sweep(now: number, graceMs: number): void {
    const before = now - graceMs;
    this.transaction(() => {
      this.#statements.sweepRecords.run(before);
      this.#statements.sweepNotifications.run(before);
      this.#statements.sweepSent.run(before);
    });
  }

  close(): void {
    this.#db.close();
  }
}

function prepare(sql: (text: string) => StatementSync) {
  return {
    begin: sql("begin immediate"),
    commit: sql("commit"),
    rollback: sql("rollback"),
    addAtSign: sql("insert into at_sign (name, commit_id) values (?, -1) on conflict do nothing"),
    nextCommitId: sql("update at_sign set commit_id = commit_id + 1 where name = ? returning commit_id"),
    lastCommitId: sql("select commit_id from at_sign where name = ?"),
    record: sql("select value, metadata from record where at_sign = ? and key = ?"),
    putRecord: sql(
      `insert into record (at_sign, key, value, metadata, available_at, expires_at) values (?, ?, ?, ?, ?, ?)
       on conflict (at_sign, key) do update set value = excluded.value, metadata = excluded.metadata,
         available_at = excluded.available_at, expires_at = excluded.expires_at`,
    ),
    deleteRecord: sql("delete from record where at_sign = ? and key = ?"),
    keys: sql(
      "select key from record where at_sign = ? and available_at <= ? and (expires_at is null or expires_at > ?) order by key",
    ),
    addNotification: sql(
      `insert into notification (recipient, sender, id, key, value, operation, message_type, is_encrypted, metadata, epoch_ms, expires_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    ),
    lastNotificationRow: sql("select max(rowid) as row from notification"),
    notificationsSince: sql(
      `select rowid, * from notification
       where recipient = ? and epoch_ms > ? and expires_at > ? and rowid > ? and rowid <= ? order by rowid limit 100`,
    ),
    putStatus: sql(
      `insert into sent (at_sign, id, status, expires_at) values (?, ?, ?, ?)
       on conflict (at_sign, id) do update set status = excluded.status, expires_at = excluded.expires_at`,
    ),
    status: sql("select status, expires_at from sent where at_sign = ? and id = ?"),
    sweepRecords: sql("delete from record where expires_at <= ?"),
    sweepNotifications: sql("delete from notification where expires_at <= ?"),
    sweepSent: sql("delete from sent where expires_at <= ?"),
  };
}
