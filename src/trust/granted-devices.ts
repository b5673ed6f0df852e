import { personRole } from "../countersigned.ts";
import type { AtSign } from "../domain.ts";
import { AppError } from "../errors.ts";
import { parsePaper, revocationsIn } from "./grant-register.ts";
import { isAgentRevoked } from "./grants-in-force.ts";
import { sealedAgentGrantSchema } from "./trust-documents.ts";
import { readTrustFolder } from "./trust-files.ts";

/** A machine on which somebody countersigns, as the company granted it. */
export interface GrantedDevice {
  readonly atSign: AtSign;
  /** Its name among the atSign's machines. */
  readonly device: string;
  readonly signingKey: string;
  readonly serial: number;
  /** ISO 8601 UTC. */
  readonly notAfter: string;
  readonly status: "granted" | "ended" | "revoked";
}

/** All that the papers of a trust folder name; read where they are made, so that nothing is verified. */
export async function grantedDevices(folder: string, now = Date.now()): Promise<readonly GrantedDevice[]> {
  const { grants, document } = await readTrustFolder(folder);
  const revocations = revocationsIn(document);
  return grants
    .filter(({ name }) => name.startsWith("agent-grant."))
    .map(({ name, text }) => parsePaper(name, text, sealedAgentGrantSchema).statement)
    .filter(({ role }) => role === personRole)
    .map((grant) => {
      const { atSign, instancePattern: device, signingKey, serial, notAfter } = grant;
      const hasEnded = Date.parse(notAfter) <= now;
      const status = isAgentRevoked(grant, { revocations }) ? "revoked" : hasEnded ? "ended" : "granted";
      return { atSign, device, signingKey, serial, notAfter, status };
    });
}

/**
 * Refuses a machine that is asked for under another one's name ("device-exists": the two would end each other) or with
 * the key of another atSign's ("key-taken": who holds it would count as two people).
 */
export function refuseTaken(
  granted: readonly GrantedDevice[],
  asked: Pick<GrantedDevice, "atSign" | "device" | "signingKey">,
): void {
  const inForce = granted.filter(({ status }) => status === "granted");
  const found = inForce.find(({ atSign, device }) => atSign === asked.atSign && device === asked.device);
  if (found !== undefined && found.signingKey !== asked.signingKey) {
    throw new AppError(
      "device-exists",
      `${asked.atSign} has a machine "${found.device}" already: ask on the new one with "inbox new … --device NAME", or take the old one back first with "people revoke-device ${asked.atSign} ${found.device}"`,
    );
  }
  const other = inForce.find(
    ({ atSign, signingKey }) => signingKey === asked.signingKey && atSign !== asked.atSign,
  );
  if (other !== undefined) {
    throw new AppError(
      "key-taken",
      `${asked.atSign} asks with the key of ${other.atSign}'s machine "${other.device}": each person needs keys of their own, made in a folder of their own`,
    );
  }
}
