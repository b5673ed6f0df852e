import { amended, type Amendment } from "./amend-enrollment.ts";
import {
  anyNamespace,
  isExpired,
  isPermanentRoot,
  keyEnd,
  manageNamespace,
  primaryId,
  publishedKeyName,
  type StoredEnrollment,
} from "./enrollment.ts";
import type { EnrollmentHost } from "./enrollment-host.ts";
import {
  type EnrollmentOperation,
  failure,
  refuseState,
  selfRevoke,
  unknownEnrollment,
} from "./enrollment-rules.ts";
import type { NamespaceAccess } from "./identity.ts";
import { LiveEnrollments } from "./live-enrollments.ts";
import { covers } from "./namespaces.ts";
import { pkamKey } from "./reserved-keys.ts";
import type { ServerConnection } from "./server-connection.ts";
import { ServerError } from "./server-error.ts";

export type WrappedKeys = Pick<StoredEnrollment, "encryptionPrivateKey" | "selfEncryptionKey">;

const selfRevokedMs = 10_000;

/** The enrollments of one atSign: who may log in with which key and do what (specification 3). */
export class Enrollments {
  readonly live = new LiveEnrollments();
  readonly #server: EnrollmentHost;

  constructor(server: EnrollmentHost) {
    this.#server = server;
  }

  /** One that has not expired. The atSign's own login key counts as the enrollment `primary`. */
  get(id: string): StoredEnrollment | undefined {
    const found =
      id === primaryId ? this.#primary() : this.#server.store.enrollments.get(this.#server.atSign, id);
    return found && !isExpired(found, this.#server.clock()) ? found : undefined;
  }

  /** The enrollment somebody wants to log in with. Throws AT0025 to AT0028 unless it is approved. */
  forLogin(id: string): StoredEnrollment {
    const found = this.get(id);
    if (!found) throw unknownEnrollment(id);
    const codes = { denied: "AT0025", pending: "AT0026", revoked: "AT0027" } as const;
    if (found.status !== "approved")
      throw new ServerError(codes[found.status], `enrollment_id: ${id} is ${found.status}`, { plain: true });
    return found;
  }

  approve(connection: ServerConnection, id: string, keys: WrappedKeys): void {
    const pending = this.#forOperation(connection, "approve", id);
    const approvedBy = this.live.idOf(connection);
    this.#save({
      ...pending,
      ...keys,
      status: "approved",
      approvedBy,
      expiresAt: keyEnd(pending, this.#server.clock()),
    });
  }

  deny(connection: ServerConnection, id: string): void {
    this.#save({ ...this.#forOperation(connection, "deny", id), status: "denied" });
  }

  /**
   * Revokes one and what it approved, in turn, and closes their connections; the caller's own only with `force`, after
   * some seconds. True when that is so.
   */
  revoke(connection: ServerConnection, id: string, force: boolean): boolean {
    const own = this.live.idOf(connection);
    if (id === own && !force) throw selfRevoke();
    const doomed = this.#withDescendants(this.#forOperation(connection, "revoke", id));
    const endsSelf = doomed.some((e) => e.id === own);
    if (endsSelf && !force) throw selfRevoke();
    if (doomed.some(isPermanentRoot)) this.#refuseLastRoot(doomed, id);
    const revokedAt = this.#server.clock();
    this.#server.store.transaction(() => {
      for (const e of doomed) this.#save({ ...e, status: "revoked", revokedAt });
    });
    for (const e of doomed) this.live.revoke(e.id, connection);
    if (endsSelf)
      void this.#server
        .delay(selfRevokedMs, connection.closed)
        .catch(() => {}) // it has been closed
        .then(() => connection.close());
    return endsSelf;
  }

  unrevoke(connection: ServerConnection, id: string): void {
    this.#save({ ...this.#forOperation(connection, "unrevoke", id), status: "approved" });
  }

  /**
   * Changes the login key or metadata of the caller's own enrollment, in one step: from then on the old key opens no
   * connection. Open ones stay, as the enrollment stays approved (to end somebody's, it is revoked).
   */
  update(connection: ServerConnection, id: string, amendment: Amendment): void {
    const holder = this.live.idOf(connection);
    this.#save(amended(this.#server, this.get(id), { id, holder, amendment }));
  }

  delete(connection: ServerConnection, id: string): void {
    this.#forOperation(connection, "delete", id);
    const { store, atSign } = this.#server;
    store.transaction(() => {
      store.enrollments.delete(atSign, id);
      if (id === primaryId) this.#server.deleteRecord(pkamKey);
    });
  }

  /** What the connection may know of: everything, or without `__manage` its own enrollment. */
  list(connection: ServerConnection): StoredEnrollment[] {
    const { store, atSign, clock } = this.#server;
    const { enrollment } = connection;
    if (enrollment && enrollment.namespaces[manageNamespace] === undefined)
      return [this.get(enrollment.id)].filter((own) => own !== undefined);
    const now = clock();
    const stored = store.enrollments.all(atSign).filter((e) => e.id !== primaryId && !isExpired(e, now));
    const primary = this.#primary();
    return primary ? [primary, ...stored] : stored;
  }

  /** As `list`, for one. Throws AT0028. */
  fetch(connection: ServerConnection, id: string): StoredEnrollment {
    const { enrollment } = connection;
    const mayKnow = !enrollment || enrollment.id === id || enrollment.namespaces[manageNamespace];
    const found = mayKnow ? this.get(id) : undefined;
    if (!found) throw unknownEnrollment(id);
    return found;
  }

  /** The approved enrollments that may read a namespace. */
  inNamespace(namespace: string): StoredEnrollment[] {
    const { store, atSign, clock } = this.#server;
    const now = clock();
    return store.enrollments
      .all(atSign)
      .filter((e) => e.status === "approved" && !isExpired(e, now) && covers(e.namespaces, namespace, "r"));
  }

  /** When an enrollment that could read the namespace was last revoked, as far as revoked ones are still kept. */
  lastRevokedAt(namespace: string): number | undefined {
    const { store, atSign } = this.#server;
    const times = store.enrollments
      .all(atSign)
      .filter((e) => e.status === "revoked" && covers(e.namespaces, namespace, "r"))
      .map((e) => e.revokedAt ?? 0);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** The atSign's own login key was written on a CRAM connection: whatever `primary` was, it is good again. */
  installPrimary(publicKey: string): void {
    const { store, atSign } = this.#server;
    store.transaction(() => {
      this.#server.putRecord(pkamKey, publicKey, {});
      const kept = store.enrollments.get(atSign, primaryId);
      if (kept) store.enrollments.put(atSign, { ...kept, apkamPublicKey: publicKey, status: "approved" });
    });
  }

  #primary(): StoredEnrollment | undefined {
    const record = this.#server.record(pkamKey);
    if (!record) return undefined;
    return (
      this.#server.store.enrollments.get(this.#server.atSign, primaryId) ?? {
        id: primaryId,
        appName: "legacy",
        deviceName: "legacy",
        namespaces: { [anyNamespace]: "rw", [manageNamespace]: "rw" },
        apkamPublicKey: record.value,
        status: "approved",
        createdAt: record.metadata.createdAt,
      }
    );
  }

  /** The enrollment an operation is about, if its state and the connection's rights allow that. */
  #forOperation(connection: ServerConnection, operation: EnrollmentOperation, id: string): StoredEnrollment {
    const found = this.get(id);
    if (!found) throw unknownEnrollment(id);
    const refusal = refuseState(operation, found.status);
    if (refusal !== undefined)
      throw failure(
        operation === "delete"
          ? `Failed to delete enrollment id: ${id} | Cause: ${refusal}`
          : `Failed to ${operation} enrollment id: ${id}. ${refusal}`,
      );
    const holder = connection.enrollment?.namespaces;
    if (!holder) return found;
    const fail = (why: string) => failure(`Failed to ${operation} enrollment id: ${id}. ${why}`);
    if (holder[manageNamespace] !== "rw")
      throw fail(`The approving enrollment does not have access to "${manageNamespace}" namespace`);
    const isSuperset = Object.entries(found.namespaces).every(([name, access]: [string, NamespaceAccess]) =>
      covers(holder, name, access),
    );
    if (!isSuperset) throw fail("Client is not authorized for namespaces in the enrollment request");
    return found;
  }

  #withDescendants(top: StoredEnrollment): StoredEnrollment[] {
    const { store, atSign, clock } = this.#server;
    const found = new Map([[top.id, top]]);
    for (const { id } of found.values())
      for (const child of store.enrollments.approvedBy(atSign, id)) found.set(child.id, child);
    const now = clock();
    return [...found.values()].filter((e) => e.status === "approved" && !isExpired(e, now));
  }

  #refuseLastRoot(doomed: readonly StoredEnrollment[], id: string): void {
    const { store, atSign } = this.#server;
    const ids = new Set(doomed.map((e) => e.id));
    const primary = this.#primary();
    const stored = store.enrollments.all(atSign).filter((e) => e.id !== primaryId);
    if ((primary ? [primary, ...stored] : stored).some((e) => isPermanentRoot(e) && !ids.has(e.id))) return;
    throw new ServerError(
      "AT0031",
      `Revoking ${id} would leave ${atSign} without an enrollment that may do everything and does not expire`,
    );
  }

  /** Writes a changed enrollment, and its login key where anyone can read it for as long as it is approved. */
  #save(e: StoredEnrollment): void {
    const { store, atSign, clock } = this.#server;
    const key = publishedKeyName(e, atSign);
    const value = JSON.stringify({ apkamPublicKey: e.apkamPublicKey });
    store.transaction(() => {
      store.enrollments.put(atSign, e);
      if (key === undefined || e.id === primaryId) return;
      if (e.status === "approved")
        this.#server.putRecord(key, value, { ttl: e.expiresAt === undefined ? 0 : e.expiresAt - clock() });
      else if (this.#server.record(key)?.value === value) this.#server.deleteRecord(key);
    });
  }
}
