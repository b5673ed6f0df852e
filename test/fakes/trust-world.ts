import type { Person } from "../../src/domain.ts";
import { type InstanceKeyPairs, makeInstanceKeys } from "../../src/keys.ts";
import type { Policy } from "../../src/policy-types.ts";
import type { Clock } from "../../src/ports.ts";
import { rawPublicKey, signAs, type Statement } from "../../src/trust/sign-statement.ts";
import { makeCompanyKey, makeSigningKey, signAgentGrant } from "../../src/trust/sign-trust.ts";
import { signInstanceGrant, signTrustDocument } from "../../src/trust/sign-trust.ts";
import type { AgentGrant, InstanceGrant, TrustDocument } from "../../src/trust/trust-documents.ts";
import { openTrust, type OpenTrustOptions, type TrustFiles } from "../../src/trust/trust-store.ts";
import type { TrustStore } from "../../src/trust/trust-store.ts";
import { MemoryValues } from "./memory-values.ts";

export const people: readonly Person[] = [
  { id: "employee", name: "Erin Example", roles: ["employee"], active: true, accounts: [] },
  { id: "manager", name: "Mo Example", roles: ["employee", "manager"], active: true, accounts: [] },
  { id: "manager-2", name: "Max Example", roles: ["manager"], active: true, accounts: [] },
  { id: "former", name: "Fay Example", roles: ["manager"], active: false, accounts: [] },
];
export const policy: Policy = {
  ask: ["employee"],
  cancel: ["employee", "manager"],
  approve: { roles: ["manager"], quorum: 1, assurances: ["local", "clicked"], expiresHours: 72 },
  separationOfDuties: true,
  ceilings: {
    perApproverPerDay: { amount: "50000.00", currency: "USD" },
    perVendorPerDay: { amount: "50000.00", currency: "USD" },
  },
  priceTolerancePercent: "2",
  marginPercent: "25",
  dataMaxAgeDays: 30,
  companyCurrency: "USD",
};

/** The same, as the trust document's type has it: without `readonly`. */
export function signedForm(rules: Policy): TrustDocument["policy"] {
  return rules as TrustDocument["policy"];
}

interface Granted {
  readonly keys: InstanceKeyPairs;
  readonly holder: ReturnType<typeof makeSigningKey>;
  readonly role: string;
}

/** A company in memory: keys, grants and a document for one "main" instance per role, as `@cs-ROLE`. */
export class TrustWorld {
  readonly company = makeCompanyKey();
  readonly clock: Clock;
  readonly granted = new Map<string, Granted>();
  /** What every process would find in its trust folder; tests alter it. */
  files: { document: TrustFiles["document"]; grants: { name: string; text: string }[] } = {
    document: undefined,
    grants: [],
  };

  constructor(clock: Clock, roles: readonly string[], skills: readonly string[] = []) {
    this.clock = clock;
    roles.forEach((role) => this.addRole(role, skills));
    this.document();
  }

  /** A role with its agent: the company signs one grant, the agent's key-holder the other. */
  addRole(role: string, skills: readonly string[] = []): void {
    const keys = makeInstanceKeys({ atSign: `@cs-${role}`, instance: "main" });
    this.granted.set(role, { keys, role, holder: makeSigningKey() });
    this.grantAgent(role, { skills: [...skills] });
    this.grantInstance(role);
  }

  keys(role: string): InstanceKeyPairs {
    return this.#of(role).keys;
  }

  sign<T extends Statement>(role: string, statement: T): ReturnType<typeof signAs<T>> {
    const { keys } = this.#of(role);
    return signAs(statement, keys, keys.ed25519);
  }

  /** With keys that are no role's first instance's. */
  signBy<T extends Statement>(keys: InstanceKeyPairs, statement: T): ReturnType<typeof signAs<T>> {
    return signAs(statement, keys, keys.ed25519);
  }

  grantAgent(
    role: string,
    change: Partial<Omit<AgentGrant, "tag">> = {},
    key = this.company.privateKey,
  ): void {
    const { keys, holder } = this.#of(role);
    const grant = signAgentGrant(
      {
        atSign: keys.atSign,
        signingKey: holder.publicKey,
        instancePattern: "*",
        role,
        skills: [],
        notAfter: this.time(365),
        serial: 1,
        ...change,
      },
      key,
    );
    this.#put(`agent-grant.${role}.json`, grant);
  }

  grantInstance(
    role: string,
    change: Partial<Omit<InstanceGrant, "tag">> = {},
    key = this.#of(role).holder,
  ): void {
    const { keys } = this.#of(role);
    const grant = signInstanceGrant(
      {
        atSign: keys.atSign,
        instance: "main",
        role,
        ed25519: rawPublicKey(keys.ed25519),
        x25519: rawPublicKey(keys.x25519),
        notAfter: this.time(365),
        serial: 1,
        ...change,
      },
      key.privateKey,
    );
    this.#put(`instance-grant.${role}.json`, grant);
  }

  /** Another instance of a role, with keys of its own. */
  addInstance(role: string, instance: string): InstanceKeyPairs {
    const { keys, holder } = this.#of(role);
    const own = makeInstanceKeys({ atSign: keys.atSign, instance });
    const grant = signInstanceGrant(
      {
        atSign: own.atSign,
        instance,
        role,
        ed25519: rawPublicKey(own.ed25519),
        x25519: rawPublicKey(own.x25519),
        notAfter: this.time(365),
        serial: 1,
      },
      holder.privateKey,
    );
    this.#put(`instance-grant.${role}.${instance}.json`, grant);
    return own;
  }

  /** A further machine of a person: with a key-holder, an agent grant and an instance grant of its own. */
  addMachine(role: string, instance: string): InstanceKeyPairs {
    const { keys } = this.#of(role);
    const own = makeInstanceKeys({ atSign: keys.atSign, instance });
    const holder = makeSigningKey();
    const about = { atSign: own.atSign, role, notAfter: this.time(365), serial: 2 };
    this.#put(
      `agent-grant.${role}.${instance}.json`,
      signAgentGrant(
        { ...about, signingKey: holder.publicKey, instancePattern: instance, skills: [] },
        this.company.privateKey,
      ),
    );
    const { ed25519, x25519 } = { ed25519: rawPublicKey(own.ed25519), x25519: rawPublicKey(own.x25519) };
    this.#put(
      `instance-grant.${role}.${instance}.json`,
      signInstanceGrant({ ...about, instance, ed25519, x25519 }, holder.privateKey),
    );
    return own;
  }

  document(change: Partial<Omit<TrustDocument, "tag">> = {}, key = this.company.privateKey): void {
    const document = signTrustDocument(
      {
        company: "@cs-company",
        serial: 1,
        issuedAt: this.time(0),
        notAfter: this.time(30),
        demo: true,
        people: people.map((each) => ({ ...each, roles: [...each.roles], accounts: [...each.accounts] })),
        policy: signedForm(policy),
        revocations: [],
        ...change,
      },
      key,
    );
    this.files = { ...this.files, document: { name: "trust.json", text: JSON.stringify(document) } };
  }

  /** Opens it as a process of its own would; pass the memory of an earlier one to restart it. */
  open(o: Partial<OpenTrustOptions> = {}): Promise<TrustStore> {
    return openTrust({
      companyKey: this.company.publicKey,
      load: async () => this.files,
      memory: new MemoryValues(),
      clock: this.clock,
      ...o,
    });
  }

  /** ISO time so many days from now. */
  time(days: number): string {
    return new Date(this.clock.now() + days * 86_400_000).toISOString();
  }

  #of(role: string): Granted {
    const found = this.granted.get(role);
    if (found === undefined) {
      throw new Error(`no role ${role} in this world`);
    }
    return found;
  }

  #put(name: string, paper: object): void {
    const grants = this.files.grants.filter((each) => each.name !== name);
    this.files = { ...this.files, grants: [...grants, { name, text: JSON.stringify(paper) }] };
  }
}
