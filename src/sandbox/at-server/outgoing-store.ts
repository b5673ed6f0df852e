import type { SQLOutputValue, StatementSync } from "node:sqlite";
import { z } from "zod";
import type { AtDatabase } from "./at-database.ts";
import type { MetadataChange } from "./metadata-fields.ts";
import { takePage, textSize } from "./page.ts";

/** A notification that an atSign sends, as it was given. */
export interface OutgoingNotification {
  readonly id: string;
  readonly recipient: string;
  readonly key: string;
  readonly value: string | null;
  readonly operation: "update" | "delete";
  readonly messageType: "key" | "text";
  readonly isEncrypted: boolean;
  readonly change: MetadataChange;
  /** How long it is kept, milliseconds. */
  readonly ttln: number;
  readonly hints?: NotificationHints;
  /** Held in memory, by us and by servers that can, and never kept. */
  readonly isEphemeral?: boolean;
}

/** What a sender says about handling; `latest` keeps only the newest of this notifier waiting. */
export interface NotificationHints {
  readonly priority: "low" | "medium" | "high";
  readonly strategy: "all" | "latest";
  readonly latestN: number;
  readonly notifier: string;
}

export const defaultHints: NotificationHints = {
  priority: "low",
  strategy: "all",
  latestN: 1,
  notifier: "SYSTEM",
};

/** A notification on its way to a server in another process. */
export interface QueuedNotification {
  readonly position: number;
  readonly sentAt: number;
  readonly expiresAt: number;
  readonly notification: OutgoingNotification;
}

export const outgoingSchema = `
  create table if not exists outgoing (
    position integer primary key autoincrement, at_sign text not null, recipient text not null, id text not null,
    content text not null, latest_of text, is_waiting integer not null, sent_at integer not null, expires_at integer not null,
    unique (at_sign, recipient, id)) strict;
  create index if not exists outgoing_waiting on outgoing (at_sign, recipient, position) where is_waiting = 1;
  create index if not exists outgoing_id on outgoing (at_sign, id);
  create index if not exists outgoing_expires on outgoing (expires_at);
`;

const changeSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
const contentSchema = z.object({
  key: z.string(),
  value: z.string().nullable(),
  operation: z.enum(["update", "delete"]),
  messageType: z.enum(["key", "text"]),
  isEncrypted: z.boolean(),
  change: changeSchema.transform((change): MetadataChange => change),
  hints: z
    .object({
      priority: z.enum(["low", "medium", "high"]),
      strategy: z.enum(["all", "latest"]),
      latestN: z.number(),
      notifier: z.string(),
    })
    .optional()
    .transform((hints) => hints ?? defaultHints),
  isEphemeral: z.boolean().default(false),
});

/** Notifications to servers of other processes: those that wait, in order, and until they expire those delivered. */
export class OutgoingStore {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: AtDatabase) {
    this.#statements = prepare((sql) => db.prepare(sql));
  }

  /** Puts a notification at the end of its recipient's queue; false when it is there already. */
  add(atSign: string, n: OutgoingNotification, sentAt: number): boolean {
    const { id, recipient, ttln, ...content } = n;
    const latestOf = n.hints?.strategy === "latest" ? n.hints.notifier : null;
    const added = this.#statements.add.run(
      atSign,
      recipient,
      id,
      JSON.stringify(content),
      latestOf,
      sentAt,
      sentAt + ttln,
    ).changes;
    return added === 1;
  }

  /** True when `most` or more wait for a recipient. */
  isFull(atSign: string, recipient: string, most: number): boolean {
    const row = this.#statements.span.get(atSign, recipient, atSign, recipient);
    const span = Number(row?.["newest"]) - Number(row?.["oldest"]); // no fewer: others share the positions
    return span >= most - 1 && Number(this.#statements.waiting.get(atSign, recipient)?.["n"]) >= most;
  }

  /** The ids of what waits from a notifier beyond its newest `keep`. */
  superseded(atSign: string, recipient: string, notifier: string, keep: number): string[] {
    return this.#statements.superseded.all(atSign, recipient, notifier, keep).map((row) => String(row["id"]));
  }

  /** The first that wait for a recipient, at most `most`, in order. */
  next(atSign: string, recipient: string, most: number): QueuedNotification[] {
    const rows = this.#statements.next.iterate(atSign, recipient, most);
    return takePage(rows, (row) => textSize(row, "content")).map((row) => readQueued(row, recipient));
  }

  /** Takes a notification out of its queue. */
  finish(atSign: string, recipient: string, id: string): void {
    this.#statements.finish.run(atSign, recipient, id);
  }

  remove(atSign: string, id: string): void {
    this.#statements.remove.run(atSign, id);
  }

  /** The recipients that something waits for. */
  recipients(atSign: string): string[] {
    return this.#statements.recipients.all(atSign).map((row) => String(row["recipient"]));
  }

  /** A page of unexpired notifications to a recipient after a position, in order. */
  sentTo(atSign: string, recipient: string, o: { now: number; after: number }): QueuedNotification[] {
    const rows = this.#statements.sentTo.iterate(atSign, recipient, o.now, o.after);
    return takePage(rows, (row) => textSize(row, "content")).map((row) => readQueued(row, recipient));
  }

  /** A notification by its id, while it is kept. */
  find(atSign: string, id: string): QueuedNotification | undefined {
    const row = this.#statements.find.get(atSign, id);
    return row && readQueued(row, String(row["recipient"]));
  }

  /** Removes what expired before `time`. */
  sweep(time: number): void {
    this.#statements.sweep.run(time);
  }
}

function readQueued(row: Record<string, SQLOutputValue>, recipient: string): QueuedNotification {
  const sentAt = Number(row["sent_at"]);
  const expiresAt = Number(row["expires_at"]);
  return {
    position: Number(row["position"]),
    sentAt,
    expiresAt,
    notification: {
      ...contentSchema.parse(JSON.parse(String(row["content"]))),
      id: String(row["id"]),
      recipient,
      ttln: expiresAt - sentAt,
    },
  };
}

function prepare(sql: (text: string) => StatementSync) {
  return {
    add: sql(
      `insert into outgoing (at_sign, recipient, id, content, latest_of, is_waiting, sent_at, expires_at)
       values (?, ?, ?, ?, ?, 1, ?, ?) on conflict do nothing`,
    ),
    span: sql(
      `select
         (select max(position) from outgoing where at_sign = ? and recipient = ? and is_waiting = 1) as newest,
         (select min(position) from outgoing where at_sign = ? and recipient = ? and is_waiting = 1) as oldest`,
    ),
    waiting: sql("select count(*) as n from outgoing where at_sign = ? and recipient = ? and is_waiting = 1"),
    superseded: sql(
      `select id from outgoing where at_sign = ? and recipient = ? and is_waiting = 1 and latest_of = ?
       order by position desc limit -1 offset ?`,
    ),
    next: sql(
      "select * from outgoing where at_sign = ? and recipient = ? and is_waiting = 1 order by position limit ?",
    ),
    finish: sql("update outgoing set is_waiting = 0 where at_sign = ? and recipient = ? and id = ?"),
    remove: sql("delete from outgoing where at_sign = ? and id = ?"),
    recipients: sql("select distinct recipient from outgoing where at_sign = ? and is_waiting = 1"),
    sentTo: sql(
      `select * from outgoing where at_sign = ? and recipient = ? and expires_at > ? and position > ?
       order by position limit 100`,
    ),
    find: sql("select * from outgoing where at_sign = ? and id = ? limit 1"),
    sweep: sql("delete from outgoing where expires_at <= ?"),
  };
}
