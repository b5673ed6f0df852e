import { randomUUID } from "node:crypto";
import type { AtStore } from "./at-store.ts";
import type { Behaviour } from "./behaviour.ts";
import { BlockList } from "./block-list.ts";
import type { CommitOperation } from "./commit-log.ts";
import type { Federation } from "./federation/federation.ts";
import { InboundConnections } from "./inbound-connections.ts";
import type { Limits } from "./limits.ts";
import type { Delay } from "./enrollment-host.ts";
import { type EnrollmentLimits, EnrollmentRequests } from "./enrollment-requests.ts";
import { Enrollments } from "./enrollments.ts";
import type { MetadataChange } from "./metadata-fields.ts";
import { notificationLine, statsLine, storedNotification } from "./notification.ts";
import type { StoredNotification } from "./notification-store.ts";
import type { OutgoingNotification } from "./outgoing-store.ts";
import { isExpired, mergeMetadata, type StoredRecord } from "./record.ts";
import { isUnlogged } from "./reserved-keys.ts";
import { ServerSettings } from "./server-settings.ts";

/** A connection that gave `monitor`. */
export interface Monitor {
  /** True when this monitor asked for the notification. */
  wants(notification: StoredNotification): boolean;
  push(line: string): void;
  /** Sends what was pushed now, not at the end of the turn. */
  flush(): void;
}

/** Told of each refusal that may be an attack on an atServer; `peer`: whose connection it was, null for a guest. */
export type OnServerRefused = (refusal: {
  readonly atSign: string;
  readonly peer: string | null;
  readonly code: string;
}) => void;

export interface AtServerOptions {
  readonly store: AtStore;
  readonly clock: () => number;
  readonly delay: Delay;
  readonly peers: ReadonlyMap<string, AtServer>;
  readonly behaviour: Behaviour;
  readonly limits: Limits;
  readonly enrollmentLimits?: Partial<EnrollmentLimits>;
  readonly onRefused?: OnServerRefused;
  readonly federation: (server: AtServer) => Federation;
}

/**
 * The state of one atSign's server. Servers of one sandbox reach each other through `peers`, in memory; those of other
 * processes through `federation`.
 */
export class AtServer {
  readonly atSign: string;
  readonly store: AtStore;
  readonly clock: () => number;
  readonly delay: Delay;
  readonly behaviour: Behaviour;
  readonly limits: Limits;
  readonly blocked: BlockList;
  readonly settings: ServerSettings;
  readonly startedAt: number;
  readonly connections: InboundConnections;
  readonly monitors = new Set<Monitor>();
  /** When the atSign last logged in. */
  lastLogin: number | undefined;
  readonly enrollments: Enrollments;
  readonly requests: EnrollmentRequests;
  readonly federation: Federation;
  readonly #peers: ReadonlyMap<string, AtServer>;
  readonly #onRefused: OnServerRefused | undefined;
  #isAnnouncing = false;

  constructor(atSign: string, o: AtServerOptions) {
    this.atSign = atSign;
    this.store = o.store;
    this.clock = o.clock;
    this.delay = o.delay;
    this.behaviour = o.behaviour;
    this.blocked = new BlockList(o.store, atSign);
    this.limits = o.limits;
    this.enrollments = new Enrollments(this);
    this.requests = new EnrollmentRequests(this, this.enrollments.live, o.enrollmentLimits);
    this.settings = new ServerSettings(o.behaviour, { ...o.limits, ...this.requests.limits });
    this.connections = new InboundConnections(o.limits, () => this.settings.maxConnections);
    this.startedAt = o.clock();
    this.#peers = o.peers;
    this.#onRefused = o.onRefused;
    this.federation = o.federation(this);
  }

  refused(refusal: { readonly peer: string | null; readonly code: string }): void {
    this.#onRefused?.({ atSign: this.atSign, ...refusal });
  }

  peer(atSign: string): AtServer | undefined {
    return this.#peers.get(atSign);
  }

  record(key: string): StoredRecord | undefined {
    return this.store.records.get(this.atSign, key);
  }

  /**
   * Writes a record with its metadata merged. `value` undefined changes the metadata only and keeps the flags. Returns
   * the commit id, -1 for what is not logged; without `log` what the log had of it is forgotten.
   */
  putRecord(
    key: string,
    value: string | undefined,
    change: MetadataChange,
    o: { by?: string; log?: boolean } = {},
  ): number {
    return this.store.transaction(() => {
      const stored = this.record(key);
      const old = stored && !isExpired(stored.metadata, this.clock()) ? stored : undefined;
      const metadata = mergeMetadata(old?.metadata, change, {
        by: o.by ?? this.atSign,
        now: this.clock(),
        keepFlags: value === undefined,
      });
      const record = { key, value: value ?? old?.value ?? "", metadata };
      this.store.records.put(this.atSign, record);
      if (key === `public:publickey${this.atSign}`) this.federation.publicKeyWritten(record);
      const operation = value === undefined ? "#" : Object.keys(change).length > 0 ? "*" : "+";
      return this.#log(key, operation, { log: o.log, at: change.uAt });
    });
  }

  /** Removes a record, if there is one, as at a time that its owner may say. Returns what `putRecord` does. */
  deleteRecord(key: string, o: { log?: boolean; at?: number | undefined } = {}): number {
    return this.store.transaction(() => {
      this.store.records.delete(this.atSign, key);
      return this.#log(key, "-", o);
    });
  }

  #log(
    key: string,
    operation: CommitOperation,
    { log = true, at = this.clock() }: { log?: boolean | undefined; at?: number | undefined } = {},
  ): number {
    if (!log) this.store.commits.remove(this.atSign, key);
    if (!log || isUnlogged(key)) return -1;
    this.store.afterCommit(() => this.#announceCommit());
    return this.store.commits.add(this.atSign, key, operation, at);
  }

  /** Keeps another atSign's record here as it is, with its own times; `ttr` in seconds, -1 for ever. */
  putCopy(key: string, record: StoredRecord, ttr: number): void {
    const { refreshAt: _refreshAt, ...metadata } = record.metadata;
    const refresh = ttr > 0 ? { refreshAt: this.clock() + ttr * 1000 } : {};
    this.store.transaction(() => {
      this.store.records.put(this.atSign, {
        key,
        value: record.value,
        metadata: { ...metadata, ttr, ...refresh },
      });
      this.#log(key, "*");
    });
  }

  /**
   * Sends a notification: stored at a receiver in this process in the same transaction as its status here; queued for
   * one elsewhere. Throws AT0011 when too many wait for that one, or are only held in memory.
   */
  send(outgoing: OutgoingNotification): void {
    const now = this.clock();
    this.#storeOf(outgoing).transaction(() => {
      if (this.peer(outgoing.recipient)) this.deliver(outgoing, now);
      else this.federation.sender.enqueue(outgoing, now);
    });
  }

  /** Stores a notification, sent at `sentAt`, at its receiver in this process, unless that one has blocked us. */
  deliver(outgoing: OutgoingNotification, sentAt: number): void {
    const peer = this.peer(outgoing.recipient);
    const expiresAt = sentAt + outgoing.ttln;
    const isWelcome = peer?.blocked.has(this.atSign) === false;
    const status = isWelcome ? "delivered" : "errored";
    const store = this.#storeOf(outgoing);
    store.transaction(() => {
      if (isWelcome) peer.receive(this.atSign, outgoing, expiresAt);
      const keep = () => store.notifications.putStatus(this.atSign, outgoing, status, expiresAt);
      // After all pushes and their flushing: the receiver does not wait for what the sender may ask.
      store.beforeCommit(() => store.beforeCommit(keep));
    });
  }

  /** Keeps a notification of another atSign, or our own, and passes it to the monitors; once for each id of a sender. */
  receive(sender: string, n: OutgoingNotification, expiresAt: number): void {
    const store = this.#storeOf(n);
    store.transaction(() => {
      const notification = storedNotification(sender, n, this.clock(), expiresAt);
      if (this.store.all.some((other) => other !== store && other.notifications.has(notification))) return;
      if (!store.notifications.add(notification)) return;
      if (sender !== this.atSign) this.#updateCache(notification, n.change);
      // The receiver may have it before its sender is told that it is kept. Should the process end in between, the
      // sender was told nothing and sends it again under the same id, by which the receiver knows it.
      store.beforeCommit(() => this.#push(notification));
    });
  }

  /** Tells the own atSign of something, for instance of a request to enroll. */
  sendSelf(event: { readonly key: string; readonly value: string; readonly ttln: number }): void {
    const now = this.clock();
    const notification: StoredNotification = {
      ...storedNotification(
        this.atSign,
        {
          ...event,
          id: randomUUID(),
          recipient: this.atSign,
          operation: "update",
          messageType: "key",
          isEncrypted: false,
          change: {},
        },
        now,
        now + event.ttln,
      ),
      kind: "self",
    };
    this.store.transaction(() => {
      this.store.notifications.add(notification);
      this.store.beforeCommit(() => this.#push(notification));
    });
  }

  /** Writes the sign of life to the monitors; clients synchronise when its value has changed. */
  sendStats(): void {
    if (this.monitors.size === 0) return;
    const line = statsLine(this.atSign, this.store.commits.last(this.atSign), this.clock());
    for (const monitor of this.monitors) monitor.push(line);
  }

  /** Ends the connections, of both directions, that have been idle for too long. */
  closeIdle(): void {
    this.connections.closeIdle(this.clock());
    this.federation.outbound.closeIdle(this.clock());
  }

  /** Ends what runs on its own: queues are kept. */
  async close(): Promise<void> {
    this.federation.sender.close();
    await this.federation.outbound.close();
  }

  #storeOf({ isEphemeral = false }: OutgoingNotification): AtStore {
    return isEphemeral ? this.store.roomToHold(this.clock(), this.limits.maxHeldBytes) : this.store;
  }

  /** Keeps a copy of another atSign's value when it says so (`ttr`); drops it on delete when it says so (`ccd`). */
  #updateCache(n: StoredNotification, change: MetadataChange): void {
    const key = `cached:${n.key}`;
    if (n.operation === "delete") {
      if (this.record(key)?.metadata.ccd === true) this.deleteRecord(key);
    } else if (n.messageType === "key" && n.value !== null && change.ttr !== undefined && change.ttr !== 0) {
      this.putRecord(key, n.value, { ...change, isEncrypted: n.isEncrypted }, { by: n.sender });
    }
  }

  #push(notification: StoredNotification): void {
    if (this.monitors.size === 0 || notification.expiresAt <= this.clock()) return;
    const line = notificationLine(notification);
    for (const monitor of this.monitors) {
      if (!monitor.wants(notification)) continue;
      monitor.push(line);
      this.store.beforeCommit(() => monitor.flush()); // after all other pushes of the transaction
    }
  }

  /** Once for all commits of a turn. */
  #announceCommit(): void {
    if (this.#isAnnouncing || this.monitors.size === 0) return;
    this.#isAnnouncing = true;
    setImmediate(() => {
      this.#isAnnouncing = false;
      if (!this.store.isClosed) this.sendStats();
    });
  }
}
