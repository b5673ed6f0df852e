import { canonicalJson, sha256Hex } from "../canonical.ts";
import {
  evidenceOf,
  isCountersigned,
  isSignedByPerson,
  signedByBot,
  verdictOf,
  weakestAssurance,
} from "../countersigned.ts";
import type { TrustView, VerifiedMandate } from "../define-agent.ts";
import type { PlanDocument, Signed } from "../domain.ts";
import type {
  AttestationStatement,
  DecisionStatement,
  EvidencedDecision,
  Mandate,
} from "../mandate-types.ts";
import type { MessageSubject } from "../link-types.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import { parsePlan } from "../plan/plan-checks.ts";
import { mandateSchema } from "../plan/plan-schema.ts";
import { satisfies } from "../policy/satisfies.ts";

export interface VerifyMandateOptions {
  /** As it arrived. */
  readonly mandate: unknown;
  /** Of the envelope it arrived in. */
  readonly subject: MessageSubject;
  readonly trust: TrustView;
  /** Milliseconds UTC. */
  readonly now: number;
}

const skewMs = 5 * 60_000;
/** How old an attestation may be when orders are placed by it: credit, budgets and lists move on. */
export const longestAttestationAgeMs = 15 * 60_000;
const attesters = ["compliance", "financial"] as const;

/**
 * Proves that this plan, byte for byte, was attested and decided for this run, revision and step, by people who may
 * decide under the verifier's own trust document. Throws AppErrors `mandate-…`; knows nothing of who delivered it.
 */
export function verifyMandate(o: VerifyMandateOptions): VerifiedMandate {
  const parsed = mandateSchema.safeParse(o.mandate);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refusal("malformed", `is not complete: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const mandate = parsed.data;
  const plan = readPlan(mandate.plan);
  checkPlan(plan, o);
  const context: Context = { ...o, plan, planHash: sha256Hex(mandate.plan) };
  checkAttestations(mandate, context);
  const decidedBy = checkDecisions(mandate, context);
  checkFresh(mandate, context);
  const assurance = weakestAssurance(mandate.decisions);
  return { mandate, plan, planHash: context.planHash, decidedBy, assurance };
}

interface Context extends VerifyMandateOptions {
  readonly plan: PlanDocument;
  readonly planHash: string;
}

function readPlan(text: string): PlanDocument {
  try {
    return parsePlan(text);
  } catch (error) {
    throw refusal("plan", `carries no valid plan: ${toErrorInfo(error).message}`);
  }
}

function checkPlan(plan: PlanDocument, { subject, trust, now }: VerifyMandateOptions): void {
  if (plan.run !== subject.run || plan.revision !== subject.revision) {
    throw refusal(
      "subject",
      `is for run ${plan.run} revision ${plan.revision}, not for run ${subject.run} revision ${subject.revision}`,
    );
  }
  // Steps that can be compensated take no mandate: a plan names them for people to read.
  const mandated = plan.effects.filter(({ reversibility }) => reversibility !== "compensable");
  if (!mandated.some((each) => each.step === subject.step)) {
    throw refusal("step", `carries a plan that does not name step "${subject.step}" among what it decides`);
  }
  if (Date.parse(plan.validUntil) <= now) {
    throw refusal("expired", `carries a plan that ended at ${plan.validUntil}`);
  }
  if (plan.policySerial > trust.serial) {
    throw policyUnknown("was planned", plan.policySerial, trust);
  }
}

function checkAttestations({ attestations }: Mandate, context: Context): void {
  const roles = attestations.map((each) => each.statement.role).toSorted();
  if (canonicalJson(roles) !== canonicalJson(attesters)) {
    throw refusal(
      "attestation-missing",
      `needs one attestation each of ${attesters.join(" and ")}, it has: ${roles.join(", ")}`,
    );
  }
  for (const attestation of attestations) {
    const { role } = attestation.statement;
    checkStatement(attestation, role, `an attestation of ${role}`, context);
  }
}

/** Hash, run, revision, times, then the signature by an instance granted `role`. */
function checkStatement(
  signed: Signed<AttestationStatement | DecisionStatement>,
  role: string,
  name: string,
  context: Context,
): void {
  checkTerms(signed, name, context);
  if (!context.trust.verify(signed, role)) {
    throw refusal("signature", `carries ${name} not signed by a granted key of role "${role}"`);
  }
}

/** That it is about this very plan, and now. */
function checkTerms(
  { statement }: Signed<AttestationStatement | DecisionStatement>,
  name: string,
  { plan, planHash, now }: Context,
): void {
  if (statement.planHash !== planHash) {
    throw refusal("hash", `carries ${name} of another plan than the one it brings`);
  }
  if (statement.run !== plan.run || statement.revision !== plan.revision) {
    throw refusal("subject", `carries ${name} for another run or revision`);
  }
  if (Date.parse(statement.expiry) <= now) {
    throw refusal("expired", `carries ${name} that ended at ${statement.expiry}`);
  }
  if (Date.parse(statement.issuedAt) > now + skewMs) {
    throw refusal("time", `carries ${name} issued in the future`);
  }
}

/**
 * The people who approved, and those by whose right they did: as many as the policy of the trust document in force
 * here asks for this plan.
 */
function checkDecisions({ decisions }: Mandate, context: Context): readonly string[] {
  const approvals = new Set(decisions.map((each) => each.statement.approval));
  if (approvals.size !== 1) {
    throw refusal("decision", "carries decisions of several approvals");
  }
  for (const decision of decisions) {
    if (decision.statement.verdict !== "approved") {
      throw refusal("decision", `carries the verdict "${decision.statement.verdict}"`);
    }
    checkSigned(decision, context);
  }
  const { plan, trust } = context;
  const { demo } = trust;
  const verdicts = decisions.map((each) => verdictOf(evidenceOf(each)));
  const result = satisfies(trust.policy, plan, verdicts, { demo, person: (id) => trust.person(id) });
  if (result.refused === null) {
    return result.people;
  }
  const newest = Math.max(...verdicts.map(({ trustSerial = 0 }) => trustSerial));
  if (newest > trust.serial) {
    throw policyUnknown("carries a verdict taken", newest, trust);
  }
  const what =
    result.by === null ? "is not approved by enough people" : "carries a decision that does not count";
  throw refusal(result.refused.code, `${what}: ${result.refused.message}`);
}

/** By the HITL agent on evidence of the bot's, or by the person whose verdict it is. */
function checkSigned(decision: Signed<DecisionStatement>, context: Context): void {
  if (!isCountersigned(decision)) {
    checkStatement(decision, "hitl", "a decision", context);
    checkEvidence((decision as Signed<EvidencedDecision>).statement, context);
    return;
  }
  checkTerms(decision, "a decision", context);
  if (decision.statement.requester !== context.plan.requester) {
    throw refusal("decision", "carries a decision that names another requester than the plan");
  }
  if (!isSignedByPerson(decision, context.trust)) {
    const { person, trustSerial } = decision.statement;
    if (trustSerial > context.trust.serial) {
      throw policyUnknown("carries a verdict taken", trustSerial, context.trust);
    }
    throw refusal("signature", `carries a decision not signed by a granted key of "${person}"`);
  }
}

/**
 * Attestations are made after the decision and not long ago: those that the decision was shown with are worth nothing
 * here. Whoever sent them may ask for new ones, so this refusal is not for ever. No clock skew is allowed for: agents
 * whose clocks differ are asked again a moment later.
 */
function checkFresh({ attestations, decisions }: Mandate, { now }: Context): void {
  const decidedAt = Math.max(...decisions.map((each) => Date.parse(each.statement.issuedAt)));
  for (const { role, issuedAt } of attestations.map((each) => each.statement)) {
    const at = Date.parse(issuedAt);
    if (at < decidedAt || now - at > longestAttestationAgeMs) {
      throw refusal(
        "stale",
        `carries an attestation of ${role} made at ${issuedAt}, expected after the decision and at most ${longestAttestationAgeMs / 60_000} minutes ago`,
        true,
      );
    }
  }
}

/** The click behind a decision, signed by the bot's evidence key; it must say what the decision says. */
function checkEvidence(decision: EvidencedDecision, { plan, trust }: Context): void {
  const { evidence } = decision;
  const { statement } = evidence;
  const same = (["approval", "planHash", "run", "revision", "verdict", "person", "assurance"] as const).find(
    (field) => statement[field] !== decision[field],
  );
  if (same !== undefined) {
    throw refusal("evidence", `carries evidence that differs from its decision in "${same}"`);
  }
  if (statement.requester !== plan.requester) {
    throw refusal("evidence", "carries evidence that names another requester than the plan");
  }
  if (Date.parse(statement.receivedAt) > Date.parse(decision.issuedAt) + skewMs) {
    throw refusal("evidence", "carries evidence received after the decision was signed");
  }
  if (!signedByBot(evidence).every((each) => trust.verify(each, "evidence"))) {
    throw refusal("evidence", 'carries evidence not signed by a granted key of role "evidence"');
  }
}

/** Not now, but perhaps when the trust document has come here too. */
function policyUnknown(what: string, serial: number, trust: TrustView): AppError {
  return refusal(
    "policy-unknown",
    `${what} under policy ${serial}, but ${trust.serial} is the newest known here`,
    true,
  );
}

function refusal(code: string, why: string, retryable = false): AppError {
  return new AppError(`mandate-${code}`, `the mandate ${why}`, { retryable });
}
