import type { SQLOutputValue, StatementSync } from "node:sqlite";
import type { AtDatabase } from "./at-database.ts";
import { takePage, textSize } from "./page.ts";
import { defaultHints, type NotificationHints } from "./outgoing-store.ts";

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
  /** `self`: the atServer tells its own atSign of something. */
  readonly kind: "received" | "self";
  readonly hints: NotificationHints;
}

export type DeliveryStatus = "queued" | "delivered" | "errored";

export const notificationSchema = `
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

/** Notifications that atSigns received, and what became of those they sent. */
export class NotificationStore {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: AtDatabase) {
    addColumns(db);
    this.#statements = prepare((sql) => db.prepare(sql));
  }

  /** Keeps a received notification; false when the recipient already has this id from this sender. */
  add(n: StoredNotification): boolean {
    const changes = this.#statements.add.run(
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
      n.kind,
      n.hints === defaultHints ? null : JSON.stringify(n.hints),
    ).changes;
    return changes === 1;
  }

  /** True when the recipient has this id from this sender. */
  has({ recipient, sender, id }: StoredNotification): boolean {
    return this.#statements.has.get(recipient, sender, id) !== undefined;
  }

  /** Position of the newest notification of any atSign, for `since`. */
  lastRow(): number {
    return Number(this.#statements.lastRow.get()?.["row"] ?? 0);
  }

  /** A page of unexpired notifications received after `since`, in order of arrival, with positions in (afterRow, lastRow]. */
  since(
    recipient: string,
    o: { since: number; now: number; afterRow: number; lastRow: number },
  ): { row: number; notification: StoredNotification }[] {
    const rows = this.#statements.since.iterate(recipient, o.since, o.now, o.afterRow, o.lastRow);
    return takePage(rows, (row) => textSize(row, "value")).map((row) => ({
      row: Number(row["rowid"]),
      notification: readRow(row),
    }));
  }

  /** A received notification by its id; the newest, should two senders have used the same. */
  find(recipient: string, id: string): StoredNotification | undefined {
    const row = this.#statements.find.get(recipient, id);
    return row && readRow(row);
  }

  /** A notification that an atSign sent to another one of this sandbox. */
  findSent(sender: string, id: string): StoredNotification | undefined {
    const row = this.#statements.findSent.get(sender, id);
    return row && readRow(row);
  }

  /** Forgets what is known by an id, received or sent. */
  remove(atSign: string, id: string): void {
    this.#statements.remove.run(atSign, id);
    this.#statements.removeSent.run(atSign, id);
  }

  putStatus(
    atSign: string,
    n: { readonly id: string; readonly recipient: string },
    status: DeliveryStatus,
    expiresAt: number,
  ): void {
    this.#statements.putStatus.run(atSign, n.id, n.recipient, status, expiresAt);
  }

  /** What became of a notification this atSign sent; undefined for an unknown id. */
  status(atSign: string, id: string, now: number): DeliveryStatus | "expired" | undefined {
    const row = this.#statements.status.get(atSign, id);
    if (!row) return undefined;
    if (Number(row["expires_at"]) <= now) return "expired";
    return String(row["status"]) as DeliveryStatus;
  }

  /** How many there are of which kind, as statistics show them. */
  counts(atSign: string): Record<string, number | Record<string, number>> {
    const received = this.#statements.countReceived.get(atSign) ?? {};
    const sent = this.#statements.countSent.get(atSign) ?? {};
    const of = (row: Record<string, unknown>, name: string) => Number(row[name] ?? 0);
    return {
      total: of(received, "total") + of(sent, "total"),
      type: { sent: of(sent, "total"), received: of(received, "total") },
      status: { delivered: of(sent, "delivered"), failed: of(sent, "errored"), queued: of(sent, "queued") },
      operations: {
        update: of(received, "updates"),
        delete: of(received, "total") - of(received, "updates"),
      },
      messageType: { key: of(received, "keys"), text: of(received, "total") - of(received, "keys") },
    };
  }

  /** Removes what expired before `time`. */
  sweep(time: number): void {
    this.#statements.sweep.run(time);
    this.#statements.sweepSent.run(time);
  }
}

/** Tables of earlier versions lack them. */
function addColumns(db: AtDatabase): void {
  if (db.prepare("select 1 from pragma_table_info('notification') where name = 'hints'").get()) return;
  db.prepare("alter table notification add column kind text not null default 'received'").run();
  db.prepare("alter table notification add column hints text").run();
  db.prepare("alter table sent add column recipient text").run();
}

function readRow(row: Record<string, SQLOutputValue>): StoredNotification {
  return {
    recipient: String(row["recipient"]),
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
    kind: row["kind"] === "self" ? "self" : "received",
    hints: row["hints"] === null ? defaultHints : (JSON.parse(String(row["hints"])) as NotificationHints),
  };
}

function prepare(sql: (text: string) => StatementSync) {
  return {
    add: sql(
      `insert into notification (recipient, sender, id, key, value, operation, message_type, is_encrypted, metadata, epoch_ms, expires_at, kind, hints)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    ),
    has: sql("select 1 from notification where recipient = ? and sender = ? and id = ?"),
    find: sql("select * from notification where recipient = ? and id = ? order by epoch_ms desc limit 1"),
    findSent: sql(
      `select n.* from sent s join notification n on n.recipient = s.recipient and n.sender = s.at_sign and n.id = s.id
       where s.at_sign = ? and s.id = ?`,
    ),
    remove: sql("delete from notification where recipient = ? and id = ?"),
    removeSent: sql("delete from sent where at_sign = ? and id = ?"),
    lastRow: sql("select max(rowid) as row from notification"),
    since: sql(
      `select rowid, * from notification
       where recipient = ? and epoch_ms > ? and expires_at > ? and rowid > ? and rowid <= ? order by rowid limit 100`,
    ),
    putStatus: sql(
      `insert into sent (at_sign, id, recipient, status, expires_at) values (?, ?, ?, ?, ?)
       on conflict (at_sign, id) do update set
         recipient = excluded.recipient, status = excluded.status, expires_at = excluded.expires_at`,
    ),
    status: sql("select status, expires_at from sent where at_sign = ? and id = ?"),
    countReceived: sql(
      `select count(*) as total, sum(operation = 'update') as updates, sum(message_type = 'key') as keys
       from notification where recipient = ?`,
    ),
    countSent: sql(
      `select count(*) as total, sum(status = 'delivered') as delivered, sum(status = 'errored') as errored,
         sum(status = 'queued') as queued from sent where at_sign = ?`,
    ),
    sweep: sql("delete from notification where expires_at <= ?"),
    sweepSent: sql("delete from sent where expires_at <= ?"),
  };
}
