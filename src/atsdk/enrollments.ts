import { encryptAes, newIv } from "./aes.ts";
import { AtError } from "./at-error.ts";
import type { AtKeys } from "./at-keys.ts";
import { backOff } from "./back-off.ts";
import { BoundedMap } from "./bounded-map.ts";
import {
  enrollApproveCommand,
  enrollCommand,
  enrollListCommand,
  type Enrollment,
  type EnrollmentMetadata,
  enrollMetadataCommand,
  enrollNamespaceCommand,
  type NamespaceMember,
  type EnrollmentStatus,
  otpGetCommand,
  otpPutCommand,
  readEnrollment,
  readEnrollments,
  readLastRevoked,
  readMembers,
  requestedId,
  requestsRegex,
} from "./codec/enrollment.ts";
import type { Connector } from "./connector.ts";
import { enrollmentFingerprint } from "./enrollee.ts";
import { listening, monitorMarked } from "./notifications.ts";
import { rsaPrivateKey, unwrapAesKey } from "./rsa.ts";
import { isConnectionLoss } from "./session.ts";
import { wholeMs } from "./whole-ms.ts";

export interface ApproveOptions {
  /**
   * What the new device shows (`enrollmentFingerprint`), brought here by another way than the atServer. Approval throws
   * `fingerprint-mismatch` when the atServer handed out another key than the device's.
   */
  readonly fingerprint?: string;
}

export interface RequestsOptions {
  readonly signal?: AbortSignal;
  readonly onState?: (state: "connected" | "disconnected") => void;
}

export interface EnrollmentsOptions {
  readonly atSign: string;
  readonly keys: AtKeys;
  readonly request: (line: string) => Promise<string>;
  readonly connector: Connector;
  readonly clock: () => number;
  /** Aborts when the client is closed. */
  readonly signal: AbortSignal;
}

/** More requests than a server lets wait. */
const maxTold = 10_000;

/**
 * Administers the enrollments of our atSign; needs keys that may (`__manage`, or the atSign's first keys). An enrollment
 * that is in the wanted state already is no error, so that commands may be repeated after a lost connection. All methods
 * throw AT0009 or AT0011 when our keys may not, and AT0028 for an id that the atServer does not know.
 */
export class Enrollments {
  readonly #options: EnrollmentsOptions;
  readonly #keys: AtKeys;
  readonly #request: (line: string) => Promise<string>;

  constructor(options: EnrollmentsOptions) {
    this.#options = options;
    this.#keys = options.keys;
    this.#request = options.request;
  }

  /** A passcode that lets one device ask for an enrollment; good once, for `ttlMs` (default five minutes). */
  createPasscode(options: { readonly ttlMs?: number } = {}): Promise<string> {
    return this.#request(otpGetCommand(lifetime(options)));
  }

  /** Sets the passcode (six letters and digits) that any number of devices may use, for `ttlMs` or until the next. */
  async keepPasscode(passcode: string, options: { readonly ttlMs?: number } = {}): Promise<void> {
    await this.#request(otpPutCommand(passcode, lifetime(options)));
  }

  /** All enrollments that we may see, or those with one of `statuses`. */
  async list(options: { readonly statuses?: readonly EnrollmentStatus[] } = {}): Promise<Enrollment[]> {
    const { statuses } = options;
    const all = readEnrollments(await this.#request(enrollListCommand));
    return statuses === undefined ? all : all.filter(({ status }) => statuses.includes(status));
  }

  /** Who may read a namespace that our own enrollment may read. Throws AT0011 for keys without an enrollment. */
  async members(namespace: string): Promise<NamespaceMember[]> {
    return readMembers(await this.#request(enrollNamespaceCommand("listns", namespace)));
  }

  /** When somebody last lost a namespace that ours may read, milliseconds since the epoch; undefined for never. */
  async lastRevokedAt(namespace: string): Promise<number | undefined> {
    return readLastRevoked(await this.#request(enrollNamespaceCommand("infons", namespace)));
  }

  async fetch(id: string): Promise<Enrollment> {
    return readEnrollment(id, await this.#request(enrollCommand("fetch", id)));
  }

  /**
   * The fingerprint of a request as the atServer hands it out: the same as the device's own (`enrollmentFingerprint`),
   * unless that server is dishonest.
   */
  async fingerprint(id: string): Promise<string> {
    const apkamSymmetricKey = await this.#chosenKey(id);
    return enrollmentFingerprint({ apkamSymmetricKey });
  }

  /**
   * Lets the device in and hands it the keys of the atSign, encrypted with the key that it chose: from then on it can
   * decrypt everything of the atSign, whatever its namespaces are.
   */
  async approve(id: string, options: ApproveOptions = {}): Promise<void> {
    const key = await this.#chosenKey(id);
    const { encryptionPrivateKey, selfEncryptionKey } = this.#keys;
    const { fingerprint } = options;
    if (fingerprint !== undefined && fingerprint !== enrollmentFingerprint({ apkamSymmetricKey: key }))
      throw new AtError(
        "fingerprint-mismatch",
        "The atServer hands out another key for this enrollment than the one with the fingerprint given.",
      );
    const encPrivateKeyIV = newIv();
    const selfEncKeyIV = newIv();
    const line = enrollApproveCommand(id, {
      encryptedDefaultEncryptionPrivateKey: encryptAes(encryptionPrivateKey, key, encPrivateKeyIV),
      encPrivateKeyIV,
      encryptedDefaultSelfEncryptionKey: encryptAes(selfEncryptionKey, key, selfEncKeyIV),
      selfEncKeyIV,
    });
    await this.#change(id, line, "approved");
  }

  /** Refuses a pending request. */
  deny(id: string): Promise<void> {
    return this.#change(id, enrollCommand("deny", id), "denied");
  }

  /** Ends an approved enrollment and its connections. Our own only with `force`; without, AT0031. */
  revoke(id: string, options: { readonly force?: boolean } = {}): Promise<void> {
    return this.#change(id, enrollCommand("revoke", id, options), "revoked");
  }

  /** Lets a revoked enrollment in again. */
  unrevoke(id: string): Promise<void> {
    return this.#change(id, enrollCommand("unrevoke", id), "approved");
  }

  /**
   * Sets members of our own enrollment's metadata; others stay (atServers from 3.16). Throws `invalid-key-file` for keys
   * without an enrollment.
   */
  async updateMetadata(metadata: EnrollmentMetadata): Promise<void> {
    const { enrollmentId } = this.#keys;
    if (enrollmentId === undefined)
      throw new AtError("invalid-key-file", "These keys have no enrollment that could have metadata.");
    await this.#request(enrollMetadataCommand(enrollmentId, metadata));
  }

  /** Removes a denied or revoked enrollment; a missing one is no error. */
  async delete(id: string): Promise<void> {
    await this.#change(id, enrollCommand("delete", id), "deleted").catch((error: unknown) => {
      if (!(error instanceof AtError && error.code === "AT0028")) throw error;
    });
  }

  /**
   * The requests that wait for a decision, each once: first those that are there, then others as they come, on a
   * connection of their own, until `signal` aborts or the client is closed. After each lost connection they are listed
   * again, so that none is missed. Throws what the atServer refuses our keys with.
   */
  async *requests(options: RequestsOptions = {}): AsyncGenerator<Enrollment> {
    const { atSign, connector, clock } = this.#options;
    const signal = options.signal
      ? AbortSignal.any([options.signal, this.#options.signal])
      : this.#options.signal;
    const told = new BoundedMap<string, true>(maxTold);
    const { onState } = options;
    const monitored = { regex: requestsRegex, selfNotifications: true, ...(onState ? { onState } : {}) };
    for await (const each of monitorMarked(connector, monitored, signal, clock)) {
      const id = each === listening || each.from !== atSign ? undefined : requestedId(each.key);
      if (each !== listening && (id === undefined || told.has(id))) continue;
      for (const found of await this.#pending(id, signal)) {
        if (signal.aborted) return;
        if (told.has(found.id)) continue;
        told.set(found.id, true);
        yield found;
      }
    }
  }

  /** All requests that wait, or the one with this id if it still does: over lost connections, none when aborted. */
  async #pending(id: string | undefined, signal: AbortSignal): Promise<readonly Enrollment[]> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const found = id === undefined ? await this.list() : [await this.fetch(id)];
        return found.filter(({ status }) => status === "pending");
      } catch (error) {
        if (id !== undefined && error instanceof AtError && error.code === "AT0028") return [];
        if (!isConnectionLoss(error)) throw error;
      }
      await backOff(attempt, signal).catch(() => {}); // aborted: the loop ends
    }
    return [];
  }

  /** The key that the device chose. */
  async #chosenKey(id: string): Promise<string> {
    const { wrappedKey } = await this.fetch(id);
    if (wrappedKey === undefined)
      throw new AtError("bad-reply", "The atServer does not tell the key of this enrollment.");
    return unwrapAesKey(wrappedKey, rsaPrivateKey(this.#keys.encryptionPrivateKey));
  }

  /** Servers refuse to repeat a change, with the code of every refusal: the state says whether it was made. */
  async #change(id: string, line: string, wanted: EnrollmentStatus): Promise<void> {
    try {
      await this.#request(line);
    } catch (error) {
      const mayBeDone = error instanceof AtError && ["AT0011", "AT0030"].includes(error.code);
      if (!mayBeDone || (await this.fetch(id)).status !== wanted) throw error;
    }
  }
}

function lifetime({ ttlMs }: { readonly ttlMs?: number }): number | undefined {
  return ttlMs === undefined ? undefined : wholeMs(ttlMs, "ttlMs");
}
