import { personRole } from "../countersigned.ts";
import type { AtSign } from "../domain.ts";
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
