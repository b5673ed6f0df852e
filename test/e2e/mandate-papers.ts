import assert from "node:assert/strict";
import { canonicalJson, sha256Hex } from "../../src/canonical.ts";
import type { Json, PlanDocument, Signed } from "../../src/domain.ts";
import type { EvidencedDecision, EvidenceStatement, Mandate } from "../../src/mandate-types.ts";
import type { Statement } from "../../src/trust/sign-statement.ts";
import type { TestSystem } from "./system.ts";
import { wholesalerControl } from "./wholesaler-control.ts";

/** What the record holds of a run: plan, attestations and, if somebody decided, the decision. */
export interface Papers {
  readonly run: string;
  readonly approval: string;
  readonly plan: PlanDocument;
  readonly mandate: Mandate;
}
interface Detail {
  readonly id: string;
  readonly steps: readonly { readonly id: string; readonly output: Json }[];
  readonly plan: { readonly document: PlanDocument };
  readonly approvals: readonly { readonly id: string }[];
}

/** `shown` are the attestations the card was shown with; without a decision there are no others. */
export async function papersOf(
  system: TestSystem,
  run: string | null,
  made: "shown" | "renewed" = "shown",
): Promise<Papers> {
  const detail = JSON.parse((await system.run("run", run ?? "", "--json")).stdout) as Detail;
  const output = (step: string): unknown => detail.steps.find((each) => each.id === step)?.output ?? null;
  const decisions = output("gate") as Mandate["decisions"] | null;
  const { document } = detail.plan;
  const attestations =
    made === "shown"
      ? [output("financialAttests"), output("complianceAttests")]
      : [output("financialRenews"), output("complianceRenews")];
  const approval = detail.approvals[0]?.id;
  assert.ok(approval);
  return {
    run: detail.id,
    approval,
    plan: document,
    mandate: {
      plan: canonicalJson(document),
      attestations: attestations as Mandate["attestations"],
      decisions: decisions ?? [],
    },
  };
}

/** All orders of the books and of the wholesalers themselves, as one text. */
export async function everyOrder(system: TestSystem): Promise<string> {
  const wholesalers = (await system.books<{ id: string }>("wholesalers")).map(({ id }) => id);
  const sold = await Promise.all(
    wholesalers.map(async (id) => (await wholesalerControl(system, id, "orders")).text()),
  );
  return JSON.stringify([await system.books("orders"), sold]);
}

/** Signs a statement as somebody or other. */
type Sign = <T extends Statement>(statement: T) => Signed<T>;

/** An approval of the waiting plan by "manager", who never decided, with the evidence of a click that never was. */
export function forgedDecision(
  { plan, approval, run, mandate }: Papers,
  sign: { readonly decision: Sign; readonly evidence: Sign },
): Signed<EvidencedDecision> {
  const subject = { approval, planHash: sha256Hex(mandate.plan), run, revision: 1 } as const;
  const click = { verdict: "approved", person: "manager", assurance: "clicked" } as const;
  const at = new Date().toISOString();
  const evidence = sign.evidence<EvidenceStatement>({
    tag: "countersign/evidence/1",
    ...subject,
    ...click,
    requester: plan.requester,
    adapter: "console",
    receivedAt: at,
  });
  return sign.decision<EvidencedDecision>({
    tag: "countersign/decision/1",
    ...subject,
    ...click,
    issuedAt: at,
    expiry: plan.validUntil,
    evidence,
  });
}
