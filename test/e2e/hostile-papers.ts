import { readFileSync } from "node:fs";
import { type InstanceKeyPairs, makeInstanceKeys } from "../../src/keys.ts";
import { rawPublicKey } from "../../src/trust/sign-statement.ts";
import {
  makeCompanyKey,
  makeSigningKey,
  signAgentGrant,
  signInstanceGrant,
  type SigningKey,
  signTrustDocument,
} from "../../src/trust/sign-trust.ts";
import type { InstanceGrant, Sealed, TrustDocument } from "../../src/trust/trust-documents.ts";

/** Papers of trust as an attacker would like them. */

const dayMs = 86_400_000;

/** The company's document without any tier: signed by another company, and with the genuine signature. */
export function loweredPolicies(file: string): readonly Sealed<TrustDocument>[] {
  const current = JSON.parse(readFileSync(file, "utf8")) as Sealed<TrustDocument>;
  // Grants in advance name a tier.
  const { approve, standing: _standing, ...policy } = current.statement.policy;
  const { tiers: _tiers, ...everything } = approve;
  const lowered: TrustDocument = {
    ...current.statement,
    serial: current.statement.serial + 1,
    policy: { ...policy, approve: everything },
  };
  return [signTrustDocument(lowered, makeCompanyKey().privateKey), { ...current, statement: lowered }];
}

/**
 * A machine of the manager's that no company granted, one in the place of the genuine one, and one at the bot's own
 * atSign, all with the same keys; and who would sign with them.
 */
export function ungrantedMachines(botHolder: SigningKey): {
  readonly keys: InstanceKeyPairs;
  readonly papers: Readonly<Record<string, object>>;
  readonly signers: readonly Pick<InstanceKeyPairs, "atSign" | "instance">[];
} {
  const keys = makeInstanceKeys({ atSign: "@cs-manager", instance: "phone" });
  const holder = makeSigningKey();
  const grant = {
    atSign: keys.atSign,
    role: "person",
    notAfter: new Date(Date.now() + dayMs).toISOString(),
    serial: 1_000_000_000_000,
  } as const;
  const ofInstance = {
    ...grant,
    instance: "phone",
    ed25519: rawPublicKey(keys.ed25519),
    x25519: rawPublicKey(keys.x25519),
  };
  const ofAgent = { ...grant, signingKey: holder.publicKey, instancePattern: "phone", skills: [] };
  const byBot = (change: object) => signInstanceGrant({ ...ofInstance, ...change }, botHolder.privateKey);
  return {
    keys,
    papers: {
      "agent-grant.cs-manager.person.phone.json": signAgentGrant(ofAgent, makeCompanyKey().privateKey),
      "instance-grant.cs-manager.phone.json": signInstanceGrant(ofInstance, holder.privateKey),
      "instance-grant.cs-manager.main2.json": byBot({ instance: "main" }),
      "instance-grant.cs-bot.phone.json": byBot({ atSign: "@cs-bot" }),
    },
    signers: [
      { atSign: "@cs-manager", instance: "phone" },
      { atSign: "@cs-manager", instance: "main" },
      { atSign: "@cs-bot", instance: "phone" },
    ],
  };
}

/** The next grant of a machine, which whoever has it can sign. */
export function nextGrant(file: string, holder: SigningKey): Sealed<InstanceGrant> {
  const { statement } = JSON.parse(readFileSync(file, "utf8")) as Sealed<InstanceGrant>;
  return signInstanceGrant({ ...statement, serial: statement.serial + 1 }, holder.privateKey);
}
