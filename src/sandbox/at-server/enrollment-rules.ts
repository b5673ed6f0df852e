import type { StoredEnrollment } from "./enrollment.ts";
import type { EnrollmentHost } from "./enrollment-host.ts";
import { pkamKey } from "./reserved-keys.ts";
import { ServerError } from "./server-error.ts";

export type EnrollmentOperation = "approve" | "deny" | "revoke" | "unrevoke" | "delete";

/** Why an operation does not fit the state of its enrollment; undefined when it does. */
export function refuseState(
  operation: EnrollmentOperation,
  status: StoredEnrollment["status"],
): string | undefined {
  switch (operation) {
    case "approve":
    case "deny":
      if (status === "pending") return undefined;
      return operation === "approve"
        ? `Cannot approve a ${status} enrollment. Only pending enrollments can be approved`
        : `Cannot deny a ${status} enrollment. Only pending enrollments can be denied`;
    case "revoke":
      if (status === "approved") return undefined;
      return `Cannot revoke a ${status} enrollment. Only approved enrollments can be revoked`;
    case "unrevoke":
      if (status === "revoked") return undefined;
      return `Cannot un-revoke a ${status} enrollment. Only revoked enrollments can be un-revoked`;
    case "delete":
      if (status === "denied" || status === "revoked") return undefined;
      return `Cannot delete ${status} enrollments. Only denied and revoked enrollments can be deleted`;
  }
}

/** Throws AT0032 when another enrollment than `id`, or the atSign itself, logs in with this key. */
export function refuseTakenKey(server: EnrollmentHost, publicKey: string, id?: string): void {
  if (!server.behaviour.uniqueEnrollmentKeys) return;
  const { store, atSign } = server;
  const holder = store.enrollments.withKey(atSign, publicKey);
  if ((holder && holder.id !== id) || server.record(pkamKey)?.value === publicKey)
    throw new ServerError("AT0032", "The apkam public key is held by another enrollment");
}

/** How servers word every other refusal of an enrollment. */
export function failure(message: string): ServerError {
  return new ServerError("AT0011", message);
}

export function unknownEnrollment(id: string): ServerError {
  return new ServerError("AT0028", `enrollment_id: ${id} is expired or invalid`, { plain: true });
}

export function selfRevoke(): ServerError {
  return new ServerError("AT0031", "Current client cannot revoke its own enrollment");
}

export function tooMany(): ServerError {
  return failure("Enrollment requests have exceeded the limit within the specified time frame");
}
