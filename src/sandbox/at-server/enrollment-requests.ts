import { randomUUID } from "node:crypto";
import {
  anyNamespace,
  connectionEnrollment,
  enrollmentKey,
  isExpired,
  keyEnd,
  manageNamespace,
  type StoredEnrollment,
} from "./enrollment.ts";
import type { EnrollmentHost } from "./enrollment-host.ts";
import { failure, refuseTakenKey, tooMany } from "./enrollment-rules.ts";
import type { LiveEnrollments } from "./live-enrollments.ts";
import { Passcodes } from "./passcodes.ts";
import type { ServerConnection } from "./server-connection.ts";

/** Bounds of what strangers can make the server keep. */
export interface EnrollmentLimits {
  /** Enrollments of all states, and pending ones among them. */
  readonly total: number;
  readonly pending: number;
  /** Requests on one connection within `requestWindowMs`, until `config:set` changes these two. */
  readonly requests: number;
  readonly requestWindowMs: number;
}

const defaultLimits: EnrollmentLimits = {
  total: 5_000,
  pending: 1_000,
  requests: 5,
  requestWindowMs: 3_600_000,
};

export type NewEnrollment = Pick<
  StoredEnrollment,
  | "appName"
  | "deviceName"
  | "namespaces"
  | "apkamPublicKey"
  | "signingAlgo"
  | "encryptedAPKAMSymmetricKey"
  | "encryptionPrivateKey"
  | "selfEncryptionKey"
  | "keyLifetime"
  | "metadata"
>;
const pendingMs = 172_800_000;
const notificationMs = 86_400_000;

/** Takes the requests for new enrollments: whoever has a passcode may make one, but not many. */
export class EnrollmentRequests {
  readonly passcodes: Passcodes;
  readonly limits: EnrollmentLimits;
  readonly #server: EnrollmentHost;
  readonly #live: LiveEnrollments;
  readonly #times = new WeakMap<ServerConnection, number[]>();

  constructor(server: EnrollmentHost, live: LiveEnrollments, limits: Partial<EnrollmentLimits> = {}) {
    this.#server = server;
    this.#live = live;
    this.passcodes = new Passcodes(server);
    this.limits = { ...defaultLimits, ...limits };
  }

  /** Counts a request of this connection. Throws AT0011 when there were too many. */
  count(connection: ServerConnection): void {
    const now = this.#server.clock();
    const after = now - this.#server.settings.enrollmentWindowMs;
    const times = (this.#times.get(connection) ?? []).filter((time) => time > after);
    if (times.length >= this.#server.settings.maxEnrollmentRequests) throw tooMany();
    this.#times.set(connection, [...times, now]);
  }

  /** Keeps a request and tells those who decide; on a CRAM connection it is approved, with all rights. */
  add(connection: ServerConnection, asked: NewEnrollment): StoredEnrollment {
    const { store, atSign } = this.#server;
    const now = this.#server.clock();
    this.#refuseDuplicate(asked);
    this.#makeRoom();
    const made = { ...asked, id: randomUUID(), createdAt: now };
    if (connection.identity.kind !== "cram") {
      const pending: StoredEnrollment = { ...made, status: "pending", expiresAt: now + pendingMs };
      store.transaction(() => {
        store.enrollments.put(atSign, pending);
        this.#announce(pending);
      });
      return pending;
    }
    const namespaces = { ...asked.namespaces, [manageNamespace]: "rw", [anyNamespace]: "rw" } as const;
    const approved: StoredEnrollment = {
      ...made,
      namespaces,
      status: "approved",
      expiresAt: keyEnd(asked, now),
    };
    store.enrollments.put(atSign, approved);
    connection.identity = { kind: "cram", enrollment: connectionEnrollment(approved) };
    this.#live.attach(connection, approved.id);
    return approved;
  }

  #refuseDuplicate({ appName, deviceName, apkamPublicKey }: NewEnrollment): void {
    const { store, atSign, clock } = this.#server;
    const now = clock();
    const same = store.enrollments
      .ofDevice(atSign, appName, deviceName)
      .find((e) => (e.status === "pending" || e.status === "approved") && !isExpired(e, now));
    if (same)
      throw failure(
        `Another enrollment with id ${same.id} exists with the app name: ${appName} and device name: ${deviceName} in ${same.status} state`,
      );
    refuseTakenKey(this.#server, apkamPublicKey);
  }

  #makeRoom(): void {
    const { store, atSign } = this.#server;
    if (store.enrollments.count(atSign, "pending") >= this.limits.pending)
      throw failure("Too many enrollments are pending");
    if (store.enrollments.count(atSign) < this.limits.total) return;
    const old = store.enrollments.oldestEnded(atSign);
    if (!old) throw failure("There are too many enrollments");
    store.transaction(() => store.enrollments.delete(atSign, old.id));
  }

  /** Tells the monitors that take notifications of the atSign to itself. */
  #announce(e: StoredEnrollment): void {
    const wrapped = e.encryptedAPKAMSymmetricKey ?? null;
    this.#server.sendSelf({
      key: enrollmentKey(e.id, this.#server.atSign),
      value: JSON.stringify({
        encryptedApkamSymmetricKey: wrapped,
        encryptedAPKAMSymmetricKey: wrapped,
        appName: e.appName,
        deviceName: e.deviceName,
        namespace: e.namespaces,
      }),
      ttln: notificationMs,
    });
  }
}
