import { AppError } from "../errors.ts";
import type { GrantedInstance } from "./grant-register.ts";
import type { TrustDocument } from "./trust-documents.ts";

type Revoking = Pick<TrustDocument, "revocations">;

/** Throws `grant-expired` or `grant-revoked` for a grant that does not count at `now`. */
export function requireInForce(granted: GrantedInstance, document: Revoking, now: number): void {
  const { agent, instance } = granted;
  const who = `${instance.atSign} (instance "${instance.instance}")`;
  const startsLater = agent.notBefore !== undefined && Date.parse(agent.notBefore) > now;
  if (startsLater || Date.parse(agent.notAfter) <= now || Date.parse(instance.notAfter) <= now) {
    throw new AppError("grant-expired", `the grant of ${who} is not valid now: grant it again`);
  }
  const revoked = document.revocations.some(
    (each) =>
      each.atSign === instance.atSign &&
      (each.kind === "agent"
        ? each.role === agent.role && agent.serial <= each.serial
        : each.instance === instance.instance && instance.serial <= each.serial),
  );
  if (revoked) {
    throw new AppError("grant-revoked", `the grant of ${who} was revoked`);
  }
}

/** Whether a grant counts at `now`. */
export function isInForce(granted: GrantedInstance, document: Revoking, now: number): boolean {
  try {
    requireInForce(granted, document, now);
    return true;
  } catch {
    return false;
  }
}
