import { z } from "zod";
import { isoMinute } from "./iso-minute.ts";
import { accountForm, atSignAccount, isAccount } from "./accounts.ts";
import { approvalPlan } from "./approval-paper.ts";
import type { TrustView } from "./define-agent.ts";
import type { AlreadyDecided, ClickedDecision } from "./decision-types.ts";
import type { Accepted, Approval, Assurance, Decision, ErrorInfo, Refused, Signed } from "./domain.ts";
import type { Delegations } from "./delegations.ts";
import { howToCountersign, isSignedByPerson } from "./countersigned.ts";
import type {
  CountersignedDecision,
  DelegationStatement,
  Evidence,
  EvidenceStatement,
} from "./mandate-types.ts";
import { highestCost } from "./plan/plan-checks.ts";
import { aloneTooOften } from "./policy/alone-limit.ts";
import { judge, type Judgement } from "./policy/may-decide.ts";
import { tierNamed } from "./policy/tiers.ts";
import type { Clock, Store } from "./ports.ts";

const longestReason = 2000;
// Clicks come from outside: names and reasons are bounded before anything is done with them.
const clickedDecision: z.ZodType<ClickedDecision> = z.object({
  approval: z.string().min(1).max(200),
  person: z.string().min(1).max(200),
  verdict: z.enum(["approved", "rejected"]),
  reason: z.string().max(longestReason).exactOptional(),
  adapter: z.string().regex(/^[a-z][a-z0-9-]{0,49}$/, 'expected a name such as "console"'),
  account: z.string().refine(isAccount, `expected ${accountForm}`).exactOptional(),
  planHash: z.string().max(200).exactOptional(),
  assurance: z.enum(["local", "clicked"]),
  breakGlass: z.literal(true).exactOptional(),
});

export interface ApprovalsOptions {
  readonly store: Pick<Store, "approval" | "approvals" | "contents" | "appendJournal">;
  readonly engine: {
    /** See the engine's. */
    record(
      approval: Pick<Approval, "id" | "run" | "step" | "revision">,
      given: {
        readonly decision: Decision;
        readonly evidence: Evidence;
        readonly reason: string | null;
      },
    ): Promise<"recorded" | "counted" | "counted-before" | "stale">;
  };
  readonly clock: Clock;
  readonly trust: () => TrustView;
  /** Rights that were handed on. */
  readonly delegations: Pick<Delegations, "handedTo">;
  /** Signs with the bot's evidence key. */
  readonly sign: (statement: EvidenceStatement) => Signed<EvidenceStatement>;
}
export interface Approvals {
  /** A person's verdict: checked, evidenced, and committed before this resolves. Everybody's first one counts. */
  decide(decision: ClickedDecision): Promise<Accepted | Refused | AlreadyDecided>;
  /** The same for a verdict under the person's own signature, which is its evidence. */
  countersigned(
    decision: Signed<CountersignedDecision>,
    reason?: string,
  ): Promise<Accepted | Refused | AlreadyDecided>;
}

/** A verdict and where it came from, of either kind. */
type Given = Omit<ClickedDecision, "assurance"> & {
  readonly assurance: Assurance;
  readonly signedAt?: string;
};
type Judged = Judgement & { readonly delegations: readonly Signed<DelegationStatement>[] };
type Why = Pick<ErrorInfo, "code" | "message">;

/** Takes decisions from whatever adapter they come by. */
export function createApprovals(o: ApprovalsOptions): Approvals {
  const { store, engine, clock, trust, sign } = o;
  let last: Promise<unknown> = Promise.resolve();
  /** One after the other: the later one counts what the earlier one left. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  }
  async function refuse(
    given: Given,
    approval: Approval | undefined,
    { code, message }: Why,
  ): Promise<Refused> {
    const { verdict, adapter, assurance } = given;
    const person = trust().person(given.person)?.id ?? null;
    const id = approval?.id ?? null;
    const facts = { code, verdict, adapter, assurance, approval: id, person };
    // The clear facts name only what is known here; what was merely claimed is sealed text.
    const claimed = { approval: given.approval, person: given.person };
    const body = id === null || person === null ? { body: claimed } : {};
    await store.appendJournal([{ kind: "refusal", run: approval?.run ?? null, facts, ...body }]);
    return { outcome: "refused", error: { code, message, retryable: false } };
  }

  /** Whoever clicked in vain reads how to decide instead. */
  function advised({ code, message }: Why, { tier }: Approval): Why {
    const isTooLittle =
      code === "assurance-too-low" && tierNamed(trust().policy, tier).assurances.includes("countersigned");
    return { code, message: isTooLittle ? `${message}: ${howToCountersign}` : message };
  }
  /** By the person's own right, or by one that was handed to them; those papers are part of the evidence then. */
  async function judgeGiven(
    { person, assurance, account, breakGlass }: Given,
    approval: Approval,
    at: number,
  ): Promise<Judged> {
    const view = trust();
    const { policy, demo } = view;
    const facts = {
      tier: tierNamed(policy, approval.tier),
      requester: approval.requester,
      editors: approval.editors ?? [],
      assurance,
      demo,
      account,
      at,
      approval: approval.id,
      person: (id: string) => view.person(id),
      brokenGlass: breakGlass === true ? highestCost(await approvalPlan(store, approval)) : undefined,
    };
    const own = judge(policy, person, facts);
    if (own.refused?.code !== "not-allowed" || policy.delegation === undefined) {
      return { ...own, delegations: [] };
    }
    const delegations = await o.delegations.handedTo(person, { approval: approval.id, at });
    const statements = delegations.map(({ statement }) => statement);
    return { ...judge(policy, person, { ...facts, delegations: statements }), delegations };
  }
  /** Said here at once; the HITL agent, which counts in its own books, would fail the run. */
  async function aloneRefused(now: number): Promise<Why | null> {
    const before = await store.approvals({ alone: true });
    const times = before.map(({ decision }) => decision?.at ?? now);
    return aloneTooOften(trust().policy, times, now);
  }
  /** `prove` gives the evidence once the verdict was found good, or why there is none. */
  async function take(
    given: Given,
    prove: (approval: Approval, judged: Judged, now: number) => Evidence | Why,
  ): Promise<Accepted | Refused | AlreadyDecided> {
    const approval = await store.approval(given.approval);
    if (approval === undefined) {
      const message = `there is no approval "${given.approval}"`;
      return refuse(given, undefined, { code: "unknown-approval", message });
    }
    const now = clock.now();
    const judged = await judgeGiven(given, approval, now);
    if (judged.refused !== null) {
      return refuse(given, approval, advised(judged.refused, approval));
    }
    const reason = given.reason?.trim() ?? "";
    if (given.breakGlass === true && (reason === "" || given.verdict !== "approved")) {
      const message = "deciding alone is approving, and needs a reason";
      return refuse(given, approval, { code: "reason-missing", message });
    }
    if (approval.status !== "open") {
      return { outcome: "already-decided", approval };
    }
    if (given.planHash !== undefined && given.planHash !== approval.planHash) {
      const message = "the plan is not the one that was shown with this button; look at it again";
      return refuse(given, approval, { code: "wrong-plan", message });
    }
    if (approval.expiresAt <= now) {
      const message = `the approval expired at ${isoMinute(approval.expiresAt)}`;
      return refuse(given, approval, { code: "approval-expired", message });
    }
    const tooOften = given.breakGlass === true ? await aloneRefused(now) : null;
    if (tooOften !== null) {
      return refuse(given, approval, tooOften);
    }
    const evidence = prove(approval, judged, now);
    if ("code" in evidence) {
      return refuse(given, approval, evidence);
    }
    const { person, verdict, assurance, adapter, breakGlass } = given;
    const recorded = await engine.record(approval, {
      decision: {
        by: person,
        ...(judged.right === person ? {} : { insteadOf: judged.right }),
        verdict,
        at: now,
        assurance,
        adapter,
        ...(given.signedAt === undefined ? {} : { signedAt: given.signedAt }),
        ...(breakGlass === true ? { brokeGlass: true } : {}),
      },
      evidence,
      reason: reason === "" ? null : reason,
    });
    if (recorded === "recorded") {
      return { outcome: "accepted", run: approval.run };
    }
    if (recorded === "counted-before") {
      const message = `the verdict of "${person}", or of whom they stand in for, counts already`;
      return refuse(given, approval, { code: "already-counted", message });
    }
    // "stale": another decision, the end of the run or the expiry was first.
    const current = (await store.approval(approval.id)) ?? approval;
    if (recorded === "counted") {
      const more = Math.max(0, current.quorum - current.decisions.length);
      return { outcome: "accepted", run: approval.run, ...(more === 0 ? {} : { more }) };
    }
    return { outcome: "already-decided", approval: current };
  }

  /** Why a countersigned verdict on an approval is not one; undefined where it is. */
  function signatureRefused(
    signed: Signed<CountersignedDecision>,
    approval: Approval,
    now: number,
  ): Why | undefined {
    const { run, revision, requester, expiry, person } = signed.statement;
    if (run !== approval.run || revision !== approval.revision || requester !== approval.requester) {
      return { code: "wrong-plan", message: "the decision is about another run, revision or requester" };
    }
    if (Date.parse(expiry) <= now) {
      return { code: "approval-expired", message: `the decision ended at ${isoMinute(Date.parse(expiry))}` };
    }
    return isSignedByPerson(signed, trust())
      ? undefined
      : { code: "wrong-signature", message: `the decision is not signed by a granted key of "${person}"` };
  }

  return {
    async decide(input) {
      const parsed = clickedDecision.safeParse(input);
      if (!parsed.success) {
        const field = parsed.error.issues[0];
        const message = `decision refused: ${field?.path.join(".") ?? ""} ${field?.message ?? ""}`;
        await store.appendJournal([{ kind: "refusal", run: null, facts: { code: "bad-decision" } }]);
        return { outcome: "refused", error: { code: "bad-decision", message, retryable: false } };
      }
      const { verdict, person, assurance, adapter, account, breakGlass } = parsed.data;
      const decided = () =>
        take(parsed.data, ({ id, planHash, run, revision, requester, editors }, { delegations }, now) =>
          sign({
            tag: "countersign/evidence/1",
            approval: id,
            planHash,
            run,
            revision,
            verdict,
            person,
            requester,
            assurance,
            adapter,
            ...(account === undefined ? {} : { account }),
            ...(delegations.length === 0 ? {} : { delegations }),
            ...(editors === undefined ? {} : { editors }),
            ...(breakGlass === true ? { breakGlass } : {}),
            trustSerial: trust().serial,
            receivedAt: new Date(now).toISOString(),
          }),
        );
      return breakGlass === true ? inTurn(decided) : decided();
    },
    countersigned(signed, reason) {
      const { approval, person, verdict, planHash, assurance } = signed.statement;
      const { atSign, instance } = signed.signer;
      const account = atSignAccount(atSign);
      const signedAt = `${atSign}/${instance}`;
      const given = { approval, person, verdict, planHash, assurance, adapter: "atsign", account, signedAt };
      return take(
        { ...given, ...(reason === undefined ? {} : { reason }) },
        (open, _judged, now) => signatureRefused(signed, open, now) ?? signed,
      );
    },
  };
}
