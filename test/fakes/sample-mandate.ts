import { canonicalHash, canonicalJson } from "../../src/canonical.ts";
import type { PlanDocument, Signed } from "../../src/domain.ts";
import type {
  AttestationStatement,
  EvidencedDecision,
  EvidenceStatement,
  Mandate,
} from "../../src/mandate-types.ts";
import type { TrustWorld } from "./trust-world.ts";

/** The roles that a world needs for mandates. */
export const mandateRoles = ["financial", "compliance", "hitl", "evidence"] as const;

/** Signs mandates as the agents and the bot of a world would, each statement changed at will before it is signed. */
export class SampleMandate {
  readonly #world: TrustWorld;

  constructor(world: TrustWorld) {
    this.#world = world;
  }

  plan(change: Partial<PlanDocument> = {}): PlanDocument {
    const usd = (amount: string) => ({ amount, currency: "USD" });
    return {
      schema: "countersign/plan/1",
      run: "run1",
      revision: 1,
      workflow: { id: "order-parts", version: 1 },
      requester: "employee",
      request: { customer: "xyz", item: "widget", quantity: "50" },
      customerName: "Customer XYZ",
      itemName: "Widget",
      project: "xyz-1",
      shipTo: {
        name: "Customer XYZ",
        street: "1 Example Road",
        city: "Exampleton",
        postcode: "12345",
        country: "US",
      },
      orders: [
        {
          id: "run1-1-1",
          supplier: "alpha",
          supplierName: "Alpha Parts",
          bankAccount: "XX00ALPHA",
          currency: "USD",
          lines: [
            {
              part: "part-1",
              description: "Bolt",
              quantity: "100",
              unit: "pcs",
              unitPrice: usd("1.00"),
              maxUnitPrice: usd("1.02"),
              total: usd("100.00"),
            },
          ],
          freightMethod: "road",
          freight: usd("10.00"),
          tax: usd("0.00"),
          total: usd("110.00"),
          maxTotal: usd("112.20"),
          expectedDelivery: "2026-01-20",
          validUntil: "2026-01-12",
        },
      ],
      total: usd("110.00"),
      tradeOff: "Cheapest is also fastest.",
      quote: { total: usd("137.50"), marginPercent: "25" },
      fallbacks: [{ order: "run1-1-1", action: "hold", note: "Ask again." }],
      effects: [{ step: "orders", description: "Order from Alpha Parts", reversibility: "irreversible" }],
      policySerial: 1,
      validUntil: this.#world.time(3),
      ...change,
    };
  }

  attestation(
    plan: PlanDocument,
    role: AttestationStatement["role"],
    change: Partial<AttestationStatement> = {},
    signer: string = role,
  ): Signed<AttestationStatement> {
    return this.#world.sign(signer, {
      tag: "countersign/attestation/1",
      planHash: canonicalHash(plan),
      run: plan.run,
      revision: plan.revision,
      role,
      verdict: "approved",
      issuedAt: this.#world.time(0),
      expiry: plan.validUntil,
      ...change,
    });
  }

  decision(
    plan: PlanDocument,
    o: {
      readonly person?: string;
      readonly decision?: Partial<EvidencedDecision>;
      readonly evidence?: Partial<EvidenceStatement>;
      readonly signer?: string;
      readonly evidenceSigner?: string;
    } = {},
  ): Signed<EvidencedDecision> {
    const common = {
      planHash: canonicalHash(plan),
      run: plan.run,
      revision: plan.revision,
      approval: "approval1",
      verdict: "approved",
      person: o.person ?? "manager",
      assurance: "clicked",
    } as const;
    const evidence: Signed<EvidenceStatement> = this.#world.sign(o.evidenceSigner ?? "evidence", {
      ...common,
      tag: "countersign/evidence/1",
      requester: plan.requester,
      adapter: "console",
      receivedAt: this.#world.time(0),
      ...o.evidence,
    });
    const decision: EvidencedDecision = {
      ...common,
      tag: "countersign/decision/1",
      issuedAt: this.#world.time(0),
      expiry: plan.validUntil,
      evidence,
      ...o.decision,
    };
    return this.#world.sign(o.signer ?? "hitl", decision);
  }

  mandate(plan: PlanDocument = this.plan(), change: Partial<Mandate> = {}): Mandate {
    return {
      plan: canonicalJson(plan),
      attestations: [this.attestation(plan, "financial"), this.attestation(plan, "compliance")],
      decisions: [this.decision(plan)],
      ...change,
    };
  }
}
