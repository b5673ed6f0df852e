import type { KeyObject } from "node:crypto";
import { AppError } from "../errors.ts";
import type { GrantedInstance } from "./grant-register.ts";
import { publicKeyFrom } from "./sign-statement.ts";
import type { AgentGrant, InstanceGrant, TrustDocument } from "./trust-documents.ts";

/** Whether verified grants hold now: by their times, and by what the company took back. */
type Revoking = Pick<TrustDocument, "revocations">;

/** A later grant is valid again. */
export function isAgentRevoked(
  grant: Pick<AgentGrant, "atSign" | "role" | "serial" | "instancePattern">,
  { revocations }: Revoking,
): boolean {
  return revocations.some(
    (each) =>
      each.kind === "agent" &&
      each.atSign === grant.atSign &&
      each.role === grant.role &&
      (each.instancePattern ?? grant.instancePattern) === grant.instancePattern &&
      grant.serial <= each.serial,
  );
}
/** Likewise, of one instance alone. */
export function isInstanceRevoked(
  { atSign, instance, serial }: Pick<InstanceGrant, "atSign" | "instance" | "serial">,
  { revocations }: Revoking,
): boolean {
  return revocations.some(
    (each) =>
      each.kind === "instance" &&
      each.atSign === atSign &&
      each.instance === instance &&
      serial <= each.serial,
  );
}

/** Throws `grant-expired`, `grant-revoked`. */
export function requireInForce(granted: GrantedInstance, document: Revoking, now: number): void {
  const { agent, instance, startsAt, endsAt } = granted;
  if (startsAt > now || endsAt <= now) {
    throw new AppError("grant-expired", `the grant of ${nameOf(instance)} is not valid now: grant it again`);
  }
  if (isAgentRevoked(agent, document) || isInstanceRevoked(instance, document)) {
    throw new AppError("grant-revoked", `the grant of ${nameOf(instance)} was revoked`);
  }
}

function nameOf({ atSign, instance }: InstanceGrant): string {
  return `${atSign} (instance "${instance}")`;
}

export function isInForce(granted: GrantedInstance, document: Revoking, now: number): boolean {
  try {
    requireInForce(granted, document, now);
    return true;
  } catch {
    return false;
  }
}

/** The instance's key, and the one it had before for as long as that is believed. */
export function signingKeys({ instance, ed25519 }: GrantedInstance, now: number): readonly KeyObject[] {
  const { former } = instance;
  return former === undefined || Date.parse(former.notAfter) <= now
    ? [ed25519]
    : [ed25519, publicKeyFrom(former.key, "Ed25519")];
}
