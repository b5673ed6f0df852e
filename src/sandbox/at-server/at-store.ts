import { AtDatabase } from "./at-database.ts";
import { CommitLog, commitSchema } from "./commit-log.ts";
import { enrollmentSchema, EnrollmentStore } from "./enrollment-store.ts";
import { NotificationStore, notificationSchema } from "./notification-store.ts";
import { OutgoingStore, outgoingSchema } from "./outgoing-store.ts";
import { RecordStore, recordSchema } from "./record-store.ts";
import { isUnlogged } from "./reserved-keys.ts";
import { ServerError } from "./server-error.ts";

/** All data of a sandbox's atSigns: stores with tables of their own in one database, which share its transactions. */
export class AtStore {
  readonly records: RecordStore;
  readonly commits: CommitLog;
  readonly notifications: NotificationStore;
  readonly enrollments: EnrollmentStore;
  readonly outgoing: OutgoingStore;
  readonly #db: AtDatabase;
  #held: AtStore | undefined;

  /** Without a file all is in memory, and gone with the process. */
  constructor(file: string | undefined) {
    const schemas = [recordSchema, commitSchema, notificationSchema, outgoingSchema, enrollmentSchema];
    this.#db = new AtDatabase(file, schemas.join(""));
    this.records = new RecordStore(this.#db);
    this.commits = new CommitLog(this.#db);
    this.notifications = new NotificationStore(this.#db);
    this.outgoing = new OutgoingStore(this.#db);
    this.enrollments = new EnrollmentStore(this.#db);
    this.#db.migrate([() => this.commits.addMissing((key) => !isUnlogged(key))]);
  }

  /** Runs `work` in one transaction; an inner call joins the outer one. */
  transaction<T>(work: () => T): T {
    return this.#db.transaction(work);
  }

  /** Does `work` in the transaction that ends this turn of the event loop; resolves once that is committed. */
  grouped<T>(work: () => T): Promise<T> {
    return this.#db.grouped(work);
  }

  /** Does something when the work of the running transaction is done and only its commit is missing. */
  beforeCommit(action: () => void): void {
    this.#db.beforeCommit(action);
  }

  /** Does something once the running transaction is committed; nothing of it when it fails. */
  afterCommit(action: () => void): void {
    this.#db.afterCommit(action);
  }

  /** The stores in which there are notifications: this one, and that of ephemeral ones once there were any. */
  get all(): readonly AtStore[] {
    return this.#held ? [this, this.#held] : [this];
  }

  /** A store in memory, for what must not be kept, with its queues. */
  get held(): AtStore {
    return (this.#held ??= new AtStore(undefined));
  }

  /** The store in memory, if that has fewer than `mostBytes` without what has expired; else throws AT0011. */
  roomToHold(now: number, mostBytes: number): AtStore {
    const held = this.held;
    if (held.#db.usedBytes > mostBytes) held.sweep(now, 0);
    if (held.#db.usedBytes > mostBytes)
      throw new ServerError("AT0011", "Too many ephemeral notifications are held");
    return held;
  }

  /** Removes what expired more than `graceMs` ago. */
  sweep(now: number, graceMs: number): void {
    this.#held?.sweep(now, 0);
    const before = now - graceMs;
    this.transaction(() => {
      this.commits.sweep(before);
      this.records.sweep(before);
      this.notifications.sweep(before);
      this.enrollments.sweep(before);
      this.outgoing.sweep(before);
    });
  }

  get isClosed(): boolean {
    return this.#db.isClosed;
  }

  close(): void {
    this.#held?.close();
    this.#db.close();
  }
}
