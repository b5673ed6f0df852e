import { z } from "zod";
import { atSignAccount } from "../src/accounts.ts";
import { isCountersigned, isSignedByPerson } from "../src/countersigned.ts";
import { defineAgent, skill, type SkillContext } from "../src/define-agent.ts";
import type { Assurance, PersonId, Signed, Verdict } from "../src/domain.ts";
import type { CountersignedDecision, DecisionStatement, EvidenceStatement } from "../src/mandate-types.ts";
import { AppError } from "../src/errors.ts";
import { provenVerdictSchema, signedDecisionSchema, timeSchema } from "../src/plan/plan-schema.ts";

const minuteMs = 60_000;
/** Agents may be down for hours after a click; each approval is signed once only, however old its evidence. */
const oldestEvidenceMs = 24 * 60 * minuteMs;
const clockSkewMs = minuteMs;
const longestDecisionMs = 24 * 60 * minuteMs;

/** A person's verdict, whatever proves it. */
interface GivenVerdict {
  readonly approval: string;
  readonly run: string;
  readonly planHash: string;
  readonly verdict: Verdict;
  readonly person: PersonId;
  /** When it was given. */
  readonly at: string;
}

/** The human in the loop: turns a person's fresh, proven verdict into a decision that executing agents believe. */
export default defineAgent({
  id: "hitl",
  description: "Checks who decided, their role and separation of duties, and signs the decision.",
  skills: {
    "sign-decision": skill({
      effect: "write",
      input: z.strictObject({ evidence: provenVerdictSchema, planValidUntil: timeSchema }),
      output: signedDecisionSchema,
      run: async (context, { evidence, planValidUntil }) => {
        const { statement } = evidence;
        const { subject } = context;
        const now = context.clock.now();
        if (statement.run !== subject.run || statement.revision !== subject.revision) {
          throw new AppError("evidence-mismatch", "the evidence is of another run or revision");
        }
        if (Date.parse(planValidUntil) <= now) {
          throw new AppError("plan-expired", `the plan was valid until ${planValidUntil}`);
        }
        return isCountersigned(evidence)
          ? countersigned(context, evidence)
          : evidenced(context, evidence, planValidUntil);
      },
    }),
  },
});

/** A click: the bot's word for it is checked, and the decision signed here. */
async function evidenced(
  context: SkillContext,
  evidence: Signed<EvidenceStatement>,
  planValidUntil: string,
): Promise<Signed<DecisionStatement>> {
  const { statement } = evidence;
  const { planHash, run, revision, approval, verdict, person, assurance } = statement;
  const now = context.clock.now();
  if (!context.trust.verify(evidence, "evidence")) {
    throw new AppError("evidence-unverified", "the evidence is not signed by the bot's evidence key");
  }
  await checkPerson(context, statement);
  await remember(context, { approval, run, planHash, verdict, person, at: statement.receivedAt }, now);
  return context.sign({
    tag: "countersign/decision/1",
    planHash,
    run,
    revision,
    approval,
    verdict,
    person,
    assurance,
    issuedAt: new Date(now).toISOString(),
    expiry: new Date(Math.min(Date.parse(planValidUntil), now + longestDecisionMs)).toISOString(),
    evidence,
  });
}

/** The person's own signature is worth more than this agent's: what is right is passed on as it is. */
async function countersigned(
  context: SkillContext,
  decision: Signed<CountersignedDecision>,
): Promise<Signed<DecisionStatement>> {
  const { statement } = decision;
  const { planHash, run, approval, verdict, person, issuedAt, expiry } = statement;
  const now = context.clock.now();
  const account = atSignAccount(decision.signer.atSign);
  await checkPerson(context, { ...statement, account });
  if (!isSignedByPerson(decision, context.trust)) {
    throw new AppError("evidence-unverified", `the decision is not signed by a granted key of "${person}"`);
  }
  if (Date.parse(expiry) <= now) {
    throw new AppError("evidence-stale", `the decision ended at ${expiry}`);
  }
  await remember(context, { approval, run, planHash, verdict, person, at: issuedAt }, now);
  return decision;
}

/**
 * Person, account, role, separation of duties and assurance, all by the trust document here alone. Where the bot went
 * by a newer one, what it says is waited for.
 */
async function checkPerson(
  { trust }: SkillContext,
  o: {
    readonly person: PersonId;
    readonly requester: PersonId;
    readonly assurance: Assurance;
    readonly account?: string;
    readonly trustSerial?: number;
  },
): Promise<void> {
  const { mayDecide } = await import("../src/policy.ts");
  const { person, requester, assurance, account, trustSerial = 0 } = o;
  const { demo } = trust;
  const refused = mayDecide(trust.policy, trust.person(person), person, {
    requester,
    assurance,
    demo,
    account,
  });
  if (refused === null) {
    return;
  }
  if (trustSerial > trust.serial) {
    throw new AppError(
      "trust-behind",
      `the verdict was taken under trust document ${trustSerial}, but ${trust.serial} is the newest known here`,
      { retryable: true },
    );
  }
  throw new AppError(refused.code, refused.message);
}

/**
 * One verdict per approval, ever. The first must be fresh; the very same one again (its reply was lost) is signed
 * again whatever its age.
 */
async function remember({ books }: SkillContext, given: GivenVerdict, now: number): Promise<void> {
  const { approval, run, planHash, verdict, person, at } = given;
  const known = await books.get("decisions", approval);
  if (known !== undefined) {
    const same =
      known.planHash === planHash && known.verdict === verdict && known.person === person && known.at === at;
    if (!same) {
      throw new AppError("already-decided", `approval "${approval}" was decided otherwise before`);
    }
    return;
  }
  const age = now - Date.parse(at);
  if (age > oldestEvidenceMs || age < -clockSkewMs) {
    throw new AppError(
      "evidence-stale",
      `the verdict was given at ${at}, expected within ${oldestEvidenceMs / minuteMs / 60} hours before now`,
    );
  }
  await books.insert("decisions", { id: approval, run, planHash, verdict, person, at });
}
