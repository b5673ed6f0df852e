import { AppError } from "../../src/errors.ts";
import { createOutboxRelay, fixedRoute, type OutboxRelay } from "../../src/link/outbox.ts";
import type { MessageReference, OutgoingEnvelope } from "../../src/link-types.ts";
import type { OutboxStore } from "../../src/ports.ts";
import type { JournalEntry, OutboxRow } from "../../src/record-types.ts";
import { ManualTime } from "./manual-time.ts";
import { silentLogger } from "./silent-logger.ts";

/** The journal's line on each message that is sealed. */
export const line: JournalEntry = { kind: "envelope", run: "run1", facts: {} };

export function newRow(change: Partial<OutboxRow> & { readonly id: string }): OutboxRow {
  return {
    to: "supply",
    kind: "result",
    subject: { run: "run1", revision: 1, step: change.id, attempt: 1 },
    body: {},
    dueAt: 0,
    tries: 0,
    expiresAt: Number.MAX_SAFE_INTEGER,
    ...change,
  };
}

/** Outbox rows in memory; closed ones are gone. */
export class OutboxRows implements OutboxStore {
  readonly rows = new Map<string, OutboxRow>();
  claims = 0;
  failure: Error | undefined;

  add(change: Partial<OutboxRow> & { readonly id: string }): void {
    this.rows.set(change.id, newRow(change));
  }

  async claimOutbox(now: number, leaseMs: number, limit: number): Promise<readonly OutboxRow[]> {
    this.claims += 1;
    if (this.failure !== undefined) {
      throw this.failure;
    }
    const due = [...this.rows.values()].filter((each) => each.dueAt <= now).slice(0, limit);
    return due.map((each) => {
      const claimed = { ...each, dueAt: now + leaseMs, tries: each.tries + 1 };
      this.rows.set(each.id, claimed);
      return claimed;
    });
  }

  async postponeOutbox(id: string, dueAt: number): Promise<void> {
    const row = this.rows.get(id);
    if (row !== undefined) {
      this.rows.set(id, { ...row, dueAt });
    }
  }

  async closeOutbox(ids: readonly string[]): Promise<void> {
    ids.forEach((id) => this.rows.delete(id));
  }
}

interface OutboxWorld {
  readonly time: ManualTime;
  readonly rows: OutboxRows;
  readonly relay: OutboxRelay;
  readonly sent: string[];
  /** What the link was told to have ended. */
  readonly ended: readonly MessageReference[];
  readonly expired: string[];
}
/** A relay whose link notes what is sent, before it calls `send`. */
export function outboxWorld(
  send: (envelope: OutgoingEnvelope) => Promise<void> = async () => undefined,
  concurrency = 4,
  window = 256,
): OutboxWorld {
  const time = new ManualTime();
  const rows = new OutboxRows();
  const sent: string[] = [];
  const ended: MessageReference[] = [];
  const sendNow = async (envelope: OutgoingEnvelope): Promise<void> => {
    sent.push(envelope.subject.step);
    await send(envelope);
  };
  const expired: string[] = [];
  const relay = createOutboxRelay({
    store: rows,
    clock: time,
    timers: time,
    log: silentLogger,
    random: () => 0.5,
    concurrency,
    window,
    onExpired: (row) => expired.push(row.id),
    route: fixedRoute(({ to }) => {
      if (to === "unknown") {
        throw new AppError("no-grant", "no grant");
      }
      return { atSign: `@cs-${to}`, instance: "main" };
    }),
    link: {
      seal: (envelope) => ({ journal: [line], send: () => sendNow(envelope) }),
      send: sendNow,
      ended: (message) => ended.push(message),
    },
  });
  return { time, rows, relay, sent, ended, expired };
}
