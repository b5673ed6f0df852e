import { primaryId, type StoredEnrollment } from "./enrollment.ts";
import type { EnrollmentHost } from "./enrollment-host.ts";
import { failure, refuseTakenKey, unknownEnrollment } from "./enrollment-rules.ts";
import { defaultAlgorithm, isSignedBy, type SigningAlgorithm } from "./login-key.ts";
import { ServerError } from "./server-error.ts";

/** What `enroll:update` may change of an enrollment, each only if it is named. */
export interface Amendment {
  readonly apkamPublicKey?: string | undefined;
  readonly signingAlgo?: SigningAlgorithm | undefined;
  /** By the new key's private half, over id, key and algorithm: see `possessionText`. */
  readonly apkamPublicKeySignature?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** Of an enrollment's metadata as JSON: they are merged, so that small amendments add up. */
const maxMetadata = 32_000;

/** What the holder of a new login key signs to show that it has its private half (specification, vectors). */
export function possessionText(id: string, publicKey: string, algorithm: SigningAlgorithm): string {
  return `${id}|${publicKey}|${algorithm}`;
}

/**
 * An enrollment as its own holder wants it: another login key under the same id, or more metadata. Rights, state and end
 * stay out of reach. `holder` is the enrollment the connection logged in with: nobody else, not even the atSign's own
 * key, may do this, because nobody else could use the key. Throws AT0011, AT0022, AT0028 and AT0032.
 */
export function amended(
  server: EnrollmentHost,
  found: StoredEnrollment | undefined,
  o: { readonly id: string; readonly holder: string | undefined; readonly amendment: Amendment },
): StoredEnrollment {
  const { id, holder, amendment } = o;
  if (holder !== id || id === primaryId) {
    const who = holder === undefined || holder === primaryId ? "the owner" : holder;
    throw attack(`enroll:update is self-only: this connection is authenticated as ${who}, not ${id}`);
  }
  if (!found) throw unknownEnrollment(id);
  if (found.status !== "approved")
    throw failure(`enroll:update requires an approved enrollment; ${id} is ${found.status}`);
  const { apkamPublicKey, signingAlgo = found.signingAlgo ?? defaultAlgorithm } = amendment;
  const metadata = merged(found.metadata, amendment.metadata);
  if (apkamPublicKey === undefined) {
    if (amendment.signingAlgo !== undefined)
      throw new ServerError("AT0022", "signingAlgo cannot be changed without apkamPublicKey");
    return { ...found, metadata };
  }
  const { apkamPublicKeySignature: signature } = amendment;
  if (!signature) throw failure("enroll:update changing apkamPublicKey requires apkamPublicKeySignature");
  const text = possessionText(id, apkamPublicKey, signingAlgo);
  if (!isSignedBy(apkamPublicKey, signingAlgo, { text, signature }))
    throw attack("apkamPublicKeySignature does not verify against the apkamPublicKey being installed");
  refuseTakenKey(server, apkamPublicKey, id);
  return { ...found, metadata, apkamPublicKey, signingAlgo };
}

/** No client of good will tries this. */
function attack(message: string): ServerError {
  return new ServerError("AT0011", message, { isEvident: true });
}

function merged(
  old: StoredEnrollment["metadata"],
  more: Amendment["metadata"],
): StoredEnrollment["metadata"] {
  if (more === undefined) return old;
  const both = { ...old, ...more };
  if (JSON.stringify(both).length > maxMetadata)
    throw new ServerError("AT0022", `Enrollment metadata may have at most ${maxMetadata} characters`);
  return both;
}
