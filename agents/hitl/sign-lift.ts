import type { SkillContext } from "../../src/define-agent.ts";
import type { Signed } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { LiftEvidence, LiftStatement } from "../../src/safety-types.ts";

const hourMs = 3_600_000;
/** Both people must have said so within this time; what was signed before is signed again whatever its age. */
const oldestEvidenceMs = 24 * hourMs;
const skewMs = 60_000;

/**
 * Signs the end of a freeze for two distinct people, both of whom may, by evidence that is fresh or was seen before. A
 * person's word counts once for each freeze.
 */
export async function signLift(
  context: SkillContext,
  evidence: readonly Signed<LiftEvidence>[],
): Promise<Signed<LiftStatement>> {
  const { clock, trust } = context;
  const { verifyLifters } = await import("../../src/verify-freeze.ts");
  const serial = evidence[0]?.statement.serial ?? 0;
  verifyLifters(evidence, serial, trust);
  for (const { statement } of evidence) {
    await remember(context, statement);
  }
  return context.sign({
    tag: "countersign/lift/1",
    serial,
    evidence,
    issuedAt: new Date(clock.now()).toISOString(),
  });
}

async function remember({ books, clock }: SkillContext, statement: LiftEvidence): Promise<void> {
  const { canonicalHash } = await import("../../src/canonical.ts");
  const { serial, person, receivedAt } = statement;
  const id = `lift-${serial}-${person}`;
  const planHash = canonicalHash(statement);
  const known = await books.get("decisions", id);
  if (known !== undefined) {
    if (known.planHash !== planHash) {
      throw new AppError("already-decided", `"${person}" asked for freeze ${serial} to be lifted before`);
    }
    return;
  }
  const age = clock.now() - Date.parse(receivedAt);
  if (age > oldestEvidenceMs || age < -skewMs) {
    throw new AppError(
      "evidence-stale",
      `"${person}" asked at ${receivedAt}, expected within ${oldestEvidenceMs / hourMs} hours before now`,
    );
  }
  await books.insert("decisions", {
    id,
    run: `freeze-${serial}`,
    planHash,
    verdict: "approved",
    person,
    at: receivedAt,
  });
}
