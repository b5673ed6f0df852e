import assert from "node:assert/strict";
import path from "node:path";
import { sha256Hex } from "../../src/canonical.ts";
import type { Json, Signed } from "../../src/domain.ts";
import type { InstanceKeyPairs } from "../../src/keys.ts";
import type {
  AttestationStatement,
  CountersignedDecision,
  EvidenceStatement,
  EvidencedDecision,
  Mandate,
} from "../../src/mandate-types.ts";
import { instanceKeys } from "../../src/processes/identity.ts";
import { signAs } from "../../src/trust/sign-statement.ts";
import { sampleCountersigned } from "../fakes/sample-countersigned.ts";
import { HostileEngine } from "./hostile-engine.ts";
import type { Papers } from "./mandate-papers.ts";
import type { Ready, TestSystem } from "./system.ts";

/**
 * The whole bot in an attacker's hands: its atSign, connection and envelope keys, the evidence key, and all that its
 * record holds in the clear. Whatever record, queue and code could make the real bot say, he says himself.
 */
export class HostileBot {
  readonly engine: HostileEngine;
  readonly #evidenceKeys: InstanceKeyPairs;

  private constructor(engine: HostileEngine, evidenceKeys: InstanceKeyPairs) {
    this.engine = engine;
    this.#evidenceKeys = evidenceKeys;
  }
  static async open(system: TestSystem, ready: Ready): Promise<HostileBot> {
    const keys = await instanceKeys(path.join(system.data, "keys", "bot"), "evidence");
    return new HostileBot(await HostileEngine.open(system, ready), keys);
  }
  close(): Promise<void> {
    return this.engine.close();
  }
  /** A click that never was, under the genuine evidence key. */
  click(papers: Papers, person: string): Signed<EvidenceStatement> {
    return signAs(
      {
        tag: "countersign/evidence/1",
        ...about(papers),
        verdict: "approved",
        person,
        requester: papers.plan.requester,
        assurance: "clicked",
        adapter: "console",
        receivedAt: new Date().toISOString(),
      } as const,
      this.#evidenceKeys,
      this.#evidenceKeys.ed25519,
    );
  }
  /** What the HITL agent would make of a click, under the keys he has: his own, in the HITL agent's name. */
  asHitl(evidence: Signed<EvidenceStatement>, expiry: string): Signed<EvidencedDecision> {
    const { planHash, run, revision, approval, verdict, person, assurance, receivedAt } = evidence.statement;
    const said = { planHash, run, revision, approval, verdict, person, assurance };
    return this.engine.signAs(
      { tag: "countersign/decision/1", ...said, issuedAt: receivedAt, expiry, evidence } as const,
      { atSign: "@cs-hitl", instance: "main" },
    );
  }
  /** Has the real HITL agent look at evidence. */
  askHitl({ run, mandate }: Papers, ...evidence: readonly unknown[]): ReturnType<HostileEngine["request"]> {
    const input = { plan: mandate.plan, evidence } as unknown as Json;
    return this.engine.request("hitl", { run, step: "gate" }, { skill: "sign-decision", input });
  }
  /** Has the real agents attest a plan again, as they do for anybody who speaks for the bot. */
  async attested({ run }: Papers, plan: string): Promise<Mandate["attestations"]> {
    const answers = await Promise.all(
      ["financial", "compliance"].map((role) =>
        this.engine.request(role, { run, step: "renew" }, { skill: "attest", input: { plan } }),
      ),
    );
    return answers.map(({ kind, code, message, output }) => {
      assert.equal(kind, "result", `${code} ${message}`);
      return output as unknown as Signed<AttestationStatement>;
    });
  }
  /** Has supply order by a mandate. */
  order(
    run: string,
    mandate: unknown,
    o: { readonly revision?: number; readonly to?: string } = {},
  ): ReturnType<HostileEngine["request"]> {
    const { to = "supply", revision = 1 } = o;
    const body = { skill: "place-orders", mandate: mandate as Json };
    return this.engine.request(to, { run, step: "orders", revision }, body);
  }
}

/** What every verdict on a waiting plan is about. */
function about({ approval, mandate, run }: Papers) {
  return { approval, planHash: sha256Hex(mandate.plan), run, revision: 1 } as const;
}

/** A verdict for somebody to sign on their machine. */
export function verdictBy(
  person: string,
  papers: Papers,
  change: Partial<CountersignedDecision> = {},
): CountersignedDecision {
  return sampleCountersigned({
    ...about(papers),
    person,
    requester: papers.plan.requester,
    issuedAt: new Date().toISOString(),
    expiry: papers.plan.validUntil,
    ...change,
  });
}
