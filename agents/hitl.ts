import { z } from "zod";
import { defineAgent, skill, type SkillContext } from "../src/define-agent.ts";
import type { BookRow } from "../src/book-rows.ts";
import type { PlanDocument, Signed } from "../src/domain.ts";
import {
  isCountersigned,
  isSignedByPerson,
  type ProvenVerdict,
  signedByBot,
  verdictOf,
} from "../src/countersigned.ts";
import type {
  CountersignedDecision,
  Evidence,
  EvidencedDecision,
  EvidenceStatement,
} from "../src/mandate-types.ts";
import { AppError } from "../src/errors.ts";
import { provenVerdictSchema, signedDecisionSchema } from "../src/plan/plan-schema.ts";
import { signedLiftEvidenceSchema, signedLiftSchema } from "../src/plan/safety-schema.ts";
import type { Tier } from "../src/policy-types.ts";

const minuteMs = 60_000;
/** Agents may be down for hours after a click; each approval is signed once only, however old its evidence. */
const oldestEvidenceMs = 24 * 60 * minuteMs;
const clockSkewMs = minuteMs;
const longestDecisionMs = 24 * 60 * minuteMs;
/** Emergencies have a row of their own, by which they are counted. */
const brokenGlass = "break-glass/";

/** The human in the loop: turns people's fresh, evidenced verdicts into decisions that executing agents believe. */
export default defineAgent({
  id: "hitl",
  description: "Checks who decided, their rights, number and separation of duties, and signs the decisions.",
  skills: {
    "sign-decision": skill({
      effect: "write",
      input: z.strictObject({
        /** The canonical text whose SHA-256 every piece of evidence names. */
        plan: z.string().min(2).max(2_000_000),
        evidence: z.array(provenVerdictSchema).min(1).max(20),
      }),
      output: z.array(signedDecisionSchema).min(1).max(20),
      run: async (context, { plan: text, evidence }) => {
        const { parsePlan } = await import("../src/plan/plan-checks.ts");
        const { sha256Hex } = await import("../src/canonical.ts");
        const now = context.clock.now();
        const plan = parsePlan(text);
        const statements = checkedEvidence(context, evidence, { plan, planHash: sha256Hex(text) });
        const people = await checkPeople(context, plan, statements);
        const expiry = Math.min(Date.parse(plan.validUntil), now + longestDecisionMs);
        if (expiry <= now) {
          throw new AppError("plan-expired", `the plan was valid until ${plan.validUntil}`);
        }
        const seen = await remember(context, statements, {
          now,
          oldestMs: people.expiresHours * 60 * minuteMs,
        });
        const { standing } = statements[0];
        if (standing !== undefined && seen === "new") {
          const { countStanding } = await import("./hitl/count-standing.ts");
          await countStanding(context, standing.statement.terms, plan);
        }
        // A person's own signature is worth more than this agent's: it is passed on as it is.
        return evidence.map((each) =>
          isCountersigned(each) ? each : context.sign(decisionOf(each, { now, expiry })),
        );
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

function decisionOf(
  evidence: Signed<EvidenceStatement>,
  { now, expiry }: { readonly now: number; readonly expiry: number },
): EvidencedDecision {
  const { planHash, run, revision, approval, verdict, person, assurance } = evidence.statement;
  return {
    tag: "countersign/decision/1",
    planHash,
    run,
    revision,
    approval,
    verdict,
    person,
    assurance,
    issuedAt: new Date(now).toISOString(),
    expiry: new Date(expiry).toISOString(),
    evidence,
  };
}

/**
 * All signed by the bot's evidence key, delegations too, or by the person; of this run, this plan, one approval and one
 * verdict.
 */
function checkedEvidence(
  { trust, subject, clock }: SkillContext,
  evidence: readonly Evidence[],
  { plan, planHash }: { readonly plan: PlanDocument; readonly planHash: string },
): readonly [ProvenVerdict, ...ProvenVerdict[]] {
  const [first, ...others] = evidence.map(verdictOf);
  if (first === undefined) {
    throw new AppError("evidence-mismatch", "there is no evidence");
  }
  for (const each of evidence) {
    const statement = verdictOf(each);
    if (isCountersigned(each)) {
      checkCountersigned(each, { trust, now: clock.now() });
    } else if (!signedByBot(each).every((one) => trust.verify(one, "evidence"))) {
      throw new AppError("evidence-unverified", "the evidence is not signed by the bot's evidence key");
    }
    if (statement.run !== subject.run || statement.revision !== subject.revision) {
      throw new AppError("evidence-mismatch", "the evidence is of another run or revision");
    }
    if (
      plan.run !== statement.run ||
      plan.revision !== statement.revision ||
      planHash !== statement.planHash
    ) {
      throw new AppError("evidence-mismatch", "the evidence is of another plan than the one it comes with");
    }
    if (statement.requester !== plan.requester) {
      throw new AppError("evidence-mismatch", "the evidence names another requester than the plan");
    }
    if (statement.approval !== first.approval || statement.verdict !== first.verdict) {
      throw new AppError("evidence-mismatch", "the evidence is of several approvals or verdicts");
    }
  }
  return [first, ...others];
}

/** Where the person's machine knew a newer trust document, that is waited for. */
function checkCountersigned(
  decision: Signed<CountersignedDecision>,
  { trust, now }: { readonly trust: SkillContext["trust"]; readonly now: number },
): void {
  const { person, expiry, trustSerial } = decision.statement;
  if (!isSignedByPerson(decision, trust)) {
    throw trustSerial > trust.serial
      ? trustBehind(trustSerial, trust.serial)
      : new AppError("evidence-unverified", `the decision is not signed by a granted key of "${person}"`);
  }
  if (Date.parse(expiry) <= now) {
    throw new AppError("evidence-stale", `the decision ended at ${expiry}`);
  }
}

function trustBehind(newest: number, known: number): AppError {
  return new AppError(
    "trust-behind",
    `the verdict was taken under trust document ${newest}, but ${known} is the newest known here`,
    { retryable: true },
  );
}

/**
 * People, accounts, rights, number, separation of duties and assurance, all by the trust document here alone. Where
 * the bot went by a newer one, what it says is waited for. Returns the tier that was satisfied.
 */
async function checkPeople(
  { trust }: SkillContext,
  plan: PlanDocument,
  statements: readonly ProvenVerdict[],
): Promise<Tier> {
  const { satisfies } = await import("../src/policy/satisfies.ts");
  const { demo } = trust;
  const result = satisfies(trust.policy, plan, statements, { demo, person: (id) => trust.person(id) });
  if (result.refused === null) {
    return result.tier;
  }
  const newest = Math.max(...statements.map(({ trustSerial = 0 }) => trustSerial));
  if (newest > trust.serial) {
    throw trustBehind(newest, trust.serial);
  }
  throw new AppError(result.refused.code, result.refused.message);
}

/**
 * One outcome per approval, ever. Of the first, the last verdict must be fresh, and the others not older than the
 * tier lets an approval wait; the very same again (its reply was lost) is signed again whatever its age.
 */
async function remember(
  context: SkillContext,
  statements: readonly [ProvenVerdict, ...ProvenVerdict[]],
  { now, oldestMs }: { readonly now: number; readonly oldestMs: number },
): Promise<"new" | "known"> {
  const { books } = context;
  const { approval } = statements[0];
  const given = statements.toSorted((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1));
  const last = given.at(-1)?.receivedAt;
  const rows = given.map(({ run, planHash, verdict, person, receivedAt }, index): BookRow<"decisions"> => {
    return { id: verdictId(approval, index), run, planHash, verdict, person, at: receivedAt };
  });
  if ((await books.get("decisions", approval)) !== undefined) {
    const known = await Promise.all(
      [...rows.keys(), rows.length].map((index) => books.get("decisions", verdictId(approval, index))),
    );
    if (!known.every((each, index) => isSame(each, rows[index]))) {
      throw new AppError("already-decided", `approval "${approval}" was decided otherwise before`);
    }
    return "known";
  }
  for (const { receivedAt } of given) {
    const age = now - Date.parse(receivedAt);
    const oldest = oldestEvidenceMs + (receivedAt === last ? 0 : oldestMs);
    if (age > oldest || age < -clockSkewMs) {
      throw new AppError(
        "evidence-stale",
        `the verdict was received at ${receivedAt}, expected within ${oldest / minuteMs / 60} hours before now`,
      );
    }
  }
  if (statements.some((each) => each.breakGlass === true)) {
    await countBrokenGlass(context, rows, now);
  }
  for (const row of rows) {
    await books.insert("decisions", row);
  }
  return "new";
}

/** The first verdict has the approval's own id, as all had when there was one each. */
function verdictId(approval: string, index: number): string {
  return index === 0 ? approval : `${approval}/${index + 1}`;
}
function isSame(a: BookRow<"decisions"> | undefined, b: BookRow<"decisions"> | undefined): boolean {
  return (["planHash", "verdict", "person", "at"] as const).every((key) => a?.[key] === b?.[key]);
}

/** Counts one more emergency, unless there were too many in the policy's time. */
async function countBrokenGlass(
  { books, trust }: SkillContext,
  given: readonly BookRow<"decisions">[],
  now: number,
): Promise<void> {
  const { aloneTooOften } = await import("../src/policy/alone-limit.ts");
  const rows = await books.find("decisions");
  const times = rows.filter(({ id }) => id.startsWith(brokenGlass)).map(({ at }) => Date.parse(at));
  const refused = aloneTooOften(trust.policy, times, now);
  if (refused !== null) {
    throw new AppError(refused.code, refused.message);
  }
  for (const row of given) {
    await books.insert("decisions", { ...row, id: `${brokenGlass}${row.id}` });
  }
}
