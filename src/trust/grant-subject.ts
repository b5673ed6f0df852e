import { personRole } from "../countersigned.ts";
import type { AgentGrant, InstanceGrant } from "./trust-documents.ts";

/** The machine that a person begins with. */
export const firstMachine = "main";

/**
 * What an agent grant is about: of those about the same the newest counts. An agent has one key-holder; of a person's
 * machines each is its own, so that it is granted and revoked alone.
 */
export function grantSubject({
  atSign,
  role,
  instancePattern = firstMachine,
}: Pick<AgentGrant, "atSign" | "role"> & Partial<Pick<AgentGrant, "instancePattern">>): string {
  const isFurtherMachine =
    role === personRole && instancePattern !== firstMachine && !instancePattern.endsWith("*");
  return isFurtherMachine ? `${atSign}/${role}/${instancePattern}` : `${atSign}/${role}`;
}

/** The agent grant under which an instance's is to be judged, of those given by their subjects. */
export function agentGrantOf<T>(
  agents: ReadonlyMap<string, T>,
  { atSign, role, instance }: Pick<InstanceGrant, "atSign" | "role" | "instance">,
): T | undefined {
  return (
    agents.get(grantSubject({ atSign, role, instancePattern: instance })) ??
    agents.get(grantSubject({ atSign, role }))
  );
}
