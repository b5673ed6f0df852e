import type { AtStore } from "./at-store.ts";
import type { Behaviour } from "./behaviour.ts";
import type { CommitOperation } from "./commit-log.ts";
import { InboundConnections } from "./inbound-connections.ts";
import type { Limits } from "./limits.ts";
import { type EnrollmentLimits, EnrollmentRequests } from "./enrollment-requests.ts";
import { Enrollments } from "./enrollments.ts";
import type { MetadataChange } from "./metadata-fields.ts";
import { frameMetadata, notificationLine } from "./notification.ts";
import type { StoredNotification } from "./notification-store.ts";
import { isExpired, mergeMetadata, type StoredRecord } from "./record.ts";
import { isUnlogged } from "./reserved-keys.ts";
import { ServerSettings } from "./server-settings.ts";

/** A connection that gave `monitor`. */
export interface Monitor {
  /** True when this monitor asked for the notification. */
  wants(notification: StoredNotification): boolean;
  push(line: string): void;
}

/** What a notification says, before it has a receiver's time. */
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
}

/** Resolves after `ms`; rejects when `signal` aborts before. */
export type Delay = (ms: number, signal: AbortSignal) => Promise<void>;

export interface AtServerOptions {
  readonly store: AtStore;
  readonly clock: () => number;
  readonly delay: Delay;
  readonly peers: ReadonlyMap<string, AtServer>;
  readonly behaviour: Behaviour;
  readonly limits: Limits;
  readonly enrollmentLimits?: Partial<EnrollmentLimits>;
}

/** The state of one atSign's server. Servers of one sandbox reach each other through `peers`, in memory. */
export class AtServer {
  readonly atSign: string;
  readonly store: AtStore;
  readonly clock: () => number;
  readonly delay: Delay;
  readonly behaviour: Behaviour;
  readonly limits: Limits;
  readonly settings: ServerSettings;
  readonly startedAt: number;
  readonly connections: InboundConnections;
  readonly monitors = new Set<Monitor>();
  /** When the atSign last logged in. */
  lastLogin: number | undefined;
  readonly enrollments: Enrollments;
  readonly requests: EnrollmentRequests;
  readonly #peers: ReadonlyMap<string, AtServer>;

  constructor(atSign: string, o: AtServerOptions) {
    this.atSign = atSign;
    this.store = o.store;
    this.clock = o.clock;
    this.delay = o.delay;
    this.behaviour = o.behaviour;
    this.limits = o.limits;
    this.requests = new EnrollmentRequests(this, o.enrollmentLimits);
    this.settings = new ServerSettings(o.behaviour, { ...o.limits, ...this.requests.limits });
    this.connections = new InboundConnections(o.limits, () => this.settings.maxConnections);
    this.startedAt = o.clock();
    this.#peers = o.peers;
    this.enrollments = new Enrollments(this);
  }

  peer(atSign: string): AtServer | undefined {
    return this.#peers.get(atSign);
  }

  record(key: string): StoredRecord | undefined {
    return this.store.records.get(this.atSign, key);
  }

  /**
   * Writes a record with its metadata merged. `value` undefined changes the metadata only and keeps the flags. Returns
   * the commit id, -1 for what is not logged.
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
      this.store.records.put(this.atSign, { key, value: value ?? old?.value ?? "", metadata });
      const operation = value === undefined ? "#" : Object.keys(change).length > 0 ? "*" : "+";
      return this.#log(key, operation, o.log);
    });
  }

  /** Removes a record, if there is one. Returns the commit id, -1 for what is not logged. */
  deleteRecord(key: string, log = true): number {
    return this.store.transaction(() => {
      this.store.records.delete(this.atSign, key);
      return this.#log(key, "-", log);
    });
  }

  #log(key: string, operation: CommitOperation, log = true): number {
    return log && !isUnlogged(key) ? this.store.commits.add(this.atSign, key, operation) : -1;
  }

  /** Sends a notification: stored at the receiver, if there is one, in the same transaction as its status here. */
  send(outgoing: OutgoingNotification): void {
    const peer = this.peer(outgoing.recipient);
    const now = this.clock();
    const notification: StoredNotification = {
      recipient: outgoing.recipient,
      sender: this.atSign,
      id: outgoing.id,
      key: outgoing.key,
      value: outgoing.value,
      operation: outgoing.operation,
      messageType: outgoing.messageType,
      isEncrypted: outgoing.isEncrypted && outgoing.value !== null, // some clients crash on an encrypted nothing
      metadata: frameMetadata(outgoing.change, now),
      epochMillis: now,
      expiresAt: now + outgoing.ttln,
    };
    this.store.transaction(() => {
      this.store.notifications.putStatus(
        this.atSign,
        outgoing.id,
        peer ? "delivered" : "errored",
        notification.expiresAt,
      );
      if (!peer || !this.store.notifications.add(notification)) return;
      if (peer !== this) peer.#updateCache(notification, outgoing.change);
      this.store.afterCommit(() => peer.#push(notification));
    });
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
    const line = notificationLine(notification);
    for (const monitor of this.monitors) if (monitor.wants(notification)) monitor.push(line);
  }
}
