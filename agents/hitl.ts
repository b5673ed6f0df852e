import { z } from "zod";
import { defineAgent, skill, type SkillContext } from "../src/define-agent.ts";
import type { DecisionStatement, EvidenceStatement } from "../src/mandate-types.ts";
import { AppError } from "../src/errors.ts";
import { signedLiftEvidenceSchema, signedLiftSchema } from "../src/plan/safety-schema.ts";
import { signedDecisionSchema, signedEvidenceSchema, timeSchema } from "../src/plan/plan-schema.ts";

const minuteMs = 60_000;
/** Agents may be down for hours after a click; each approval is signed once only, however old its evidence. */
const oldestEvidenceMs = 24 * 60 * minuteMs;
const clockSkewMs = minuteMs;
const longestDecisionMs = 24 * 60 * minuteMs;

/** The human in the loop: turns a person's fresh, evidenced verdict into a decision that executing agents believe. */
export default defineAgent({
  id: "hitl",
  description: "Checks who decided, their role and separation of duties, and signs the decision.",
  skills: {
    "sign-decision": skill({
      effect: "write",
      input: z.strictObject({ evidence: signedEvidenceSchema, planValidUntil: timeSchema }),
      output: signedDecisionSchema,
      run: async (context, { evidence, planValidUntil }) => {
        const { statement } = evidence;
        const { subject, trust } = context;
        const now = context.clock.now();
        if (!trust.verify(evidence, "evidence")) {
          throw new AppError("evidence-unverified", "the evidence is not signed by the bot's evidence key");
        }
        if (statement.run !== subject.run || statement.revision !== subject.revision) {
          throw new AppError("evidence-mismatch", "the evidence is of another run or revision");
        }
        await checkPerson(context, statement);
        const expiry = Math.min(Date.parse(planValidUntil), now + longestDecisionMs);
        if (expiry <= now) {
          throw new AppError("plan-expired", `the plan was valid until ${planValidUntil}`);
        }
        await remember(context, statement, now);
        const decision: DecisionStatement = {
          tag: "countersign/decision/1",
          planHash: statement.planHash,
          run: statement.run,
          revision: statement.revision,
          approval: statement.approval,
          verdict: statement.verdict,
          person: statement.person,
          assurance: statement.assurance,
          issuedAt: new Date(now).toISOString(),
          expiry: new Date(expiry).toISOString(),
          evidence,
        };
        return context.sign(decision);
      },
    }),
    /** Confirms that two people want a freeze lifted. */
    "sign-lift": skill({
      effect: "write",
      duringFreeze: true,
      input: z.strictObject({ evidence: z.array(signedLiftEvidenceSchema).length(2) }),
      output: signedLiftSchema,
      run: async (context, { evidence }) => {
        const { signLift } = await import("./hitl/sign-lift.ts");
        return signLift(context, evidence);
      },
    }),
  },
});

/**
 * Person, account, role, separation of duties and assurance, all by the trust document here alone. Where the bot went
 * by a newer one, what it says is waited for.
 */
async function checkPerson({ trust }: SkillContext, statement: EvidenceStatement): Promise<void> {
  const { mayDecide } = await import("../src/policy.ts");
  const { person, requester, assurance, account, trustSerial = 0 } = statement;
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
async function remember({ books }: SkillContext, statement: EvidenceStatement, now: number): Promise<void> {
  const { approval, run, planHash, verdict, person, receivedAt } = statement;
  const known = await books.get("decisions", approval);
  if (known !== undefined) {
    const same =
      known.planHash === planHash &&
      known.verdict === verdict &&
      known.person === person &&
      known.at === receivedAt;
    if (!same) {
      throw new AppError("already-decided", `approval "${approval}" was decided otherwise before`);
    }
    return;
  }
  const age = now - Date.parse(receivedAt);
  if (age > oldestEvidenceMs || age < -clockSkewMs) {
    throw new AppError(
      "evidence-stale",
      `the verdict was received at ${receivedAt}, expected within ${oldestEvidenceMs / minuteMs / 60} hours before now`,
    );
  }
  await books.insert("decisions", { id: approval, run, planHash, verdict, person, at: receivedAt });
}
