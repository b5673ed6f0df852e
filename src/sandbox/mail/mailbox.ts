import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { AppError } from "../../errors.ts";
import type { Clock } from "../../ports.ts";
import { openSandboxDatabase } from "../sandbox-database.ts";
import { storedMessageSchema, type NewMessage, type StoredMessage } from "./mail-message.ts";

const row = z.object({ cursor: z.number(), content: z.string() });
const contentSchema = storedMessageSchema.omit({ cursor: true });
const pageMessages = 20;
/** A page stays well below what readers accept. */
const pageCharacters = 400_000;

const schema = `
  create table if not exists messages (
    cursor integer primary key autoincrement, recipient text not null, sender text not null,
    subject text not null, content text not null);
  create index if not exists messages_of on messages (recipient, sender, cursor);
`;

export interface Page {
  readonly messages: readonly StoredMessage[];
  /** Where to go on; equal to what was asked for when there is nothing more. */
  readonly next: number;
}

/** All mailboxes of the sandbox, durable: a message is committed before it is acknowledged. */
export class Mailbox {
  readonly #db: DatabaseSync;
  readonly #clock: Clock;
  readonly #listeners = new Map<string, () => void>();
  readonly #unreachable = new Set<string>();

  constructor(o: { file: string; clock: Clock }) {
    this.#clock = o.clock;
    this.#db = openSandboxDatabase(o.file, schema);
  }

  close(): void {
    this.#db.close();
  }

  /** Stores a message and wakes its recipient; fails with code `undeliverable`. */
  deliver(message: NewMessage): StoredMessage {
    if (this.#unreachable.has(message.to)) {
      throw new AppError("undeliverable", `the mail server of ${message.to} cannot be reached`, {
        retryable: true,
      });
    }
    const domain = message.from.split("@")[1] ?? "";
    const content = {
      ...message,
      id: `<${randomUUID()}@${domain}>`,
      receivedAt: new Date(this.#clock.now()).toISOString(),
    };
    const { lastInsertRowid } = this.#db
      .prepare("insert into messages (recipient, sender, subject, content) values (?, ?, ?, ?)")
      .run(message.to, message.from, message.subject, JSON.stringify(content));
    this.#listeners.get(message.to)?.();
    return { ...content, cursor: Number(lastInsertRowid) };
  }

  /** A recipient's messages after a cursor, oldest first, a page at a time. */
  search(o: {
    readonly recipient: string;
    readonly after: number;
    readonly sender?: string | undefined;
    /** Only subjects that contain this. */
    readonly subject?: string | undefined;
  }): Page {
    const found = this.#db
      .prepare(
        `select cursor, content from messages where recipient = :recipient and cursor > :after
         and (:sender is null or sender = :sender) and (:subject is null or instr(subject, :subject) > 0)
         order by cursor limit ${pageMessages}`,
      )
      .all({
        recipient: o.recipient,
        after: o.after,
        sender: o.sender ?? null,
        subject: o.subject ?? null,
      })
      .map((each) => row.parse(each));
    const messages: StoredMessage[] = [];
    let characters = 0;
    for (const { cursor, content } of found) {
      characters += content.length;
      if (messages.length > 0 && characters > pageCharacters) {
        break;
      }
      messages.push({ ...contentSchema.parse(JSON.parse(content)), cursor });
    }
    return { messages, next: messages.at(-1)?.cursor ?? o.after };
  }

  /** Called after every delivery to this address. */
  onDelivery(address: string, listener: () => void): void {
    this.#listeners.set(address, listener);
  }

  /** A fault: whether mail for this address can be delivered at all. */
  setReachable(address: string, reachable: boolean): void {
    if (reachable) {
      this.#unreachable.delete(address);
    } else {
      this.#unreachable.add(address);
    }
  }
}
