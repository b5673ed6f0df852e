import { z } from "zod";
import { accountForm, isAccount } from "./accounts.ts";
import type { TrustView } from "./define-agent.ts";
import type { ClickedDecision } from "./decision-types.ts";
import type {
  Accepted,
  AlreadyDecided,
  Approval,
  ApprovalId,
  Decision,
  ErrorInfo,
  Money,
  PlanDocument,
  Refused,
  Signed,
} from "./domain.ts";
import type { Delegations } from "./delegations.ts";
import type { DelegationStatement, EvidenceStatement } from "./mandate-types.ts";
import { highestCost } from "./plan/plan-checks.ts";
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
const planText = z.string();

export interface ApprovalsOptions {
  readonly store: Pick<Store, "approval" | "contents" | "appendJournal">;
  readonly engine: {
    /** See the engine's. */
    record(
      approval: ApprovalId,
      given: {
        readonly decision: Decision;
        readonly evidence: Signed<EvidenceStatement>;
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
}

/** Takes decisions from whatever adapter they come by. */
export function createApprovals(o: ApprovalsOptions): Approvals {
  const { store, engine, clock, trust, sign } = o;
  async function refuse(
    decision: ClickedDecision,
    approval: Approval | undefined,
    error: ErrorInfo,
  ): Promise<Refused> {
    const { verdict, adapter, assurance } = decision;
    const person = trust().person(decision.person)?.id ?? null;
    const id = approval?.id ?? null;
    const facts = { code: error.code, verdict, adapter, assurance, approval: id, person };
    // The clear facts name only what is known here; what was merely claimed is sealed text.
    const claimed = { approval: decision.approval, person: decision.person };
    const body = id === null || person === null ? { body: claimed } : {};
    await store.appendJournal([{ kind: "refusal", run: approval?.run ?? null, facts, ...body }]);
    return { outcome: "refused", error };
  }

  /** By the person's own right, or by one that was handed to them; those papers are part of the evidence then. */
  async function judgeClick(
    { person, assurance, account, breakGlass }: ClickedDecision,
    approval: Approval,
    at: number,
  ): Promise<Judgement & { readonly delegations: readonly Signed<DelegationStatement>[] }> {
    const view = trust();
    const { policy, demo } = view;
    const facts = {
      tier: tierNamed(policy, approval.tier),
      requester: approval.requester,
      assurance,
      demo,
      account,
      at,
      approval: approval.id,
      person: (id: string) => view.person(id),
      brokenGlass: breakGlass === true ? await highestCostOf(approval) : undefined,
    };
    const own = judge(policy, person, facts);
    if (own.refused?.code !== "not-allowed" || policy.delegation === undefined) {
      return { ...own, delegations: [] };
    }
    const delegations = await o.delegations.handedTo(person, { approval: approval.id, at });
    const statements = delegations.map(({ statement }) => statement);
    return { ...judge(policy, person, { ...facts, delegations: statements }), delegations };
  }
  async function highestCostOf({ run, revision, step }: Approval): Promise<Money> {
    const texts = await store.contents(run, [{ step, name: "plan" }]);
    const plan = texts.find((each) => each.revision === revision)?.value;
    // Written by this bot from a value that the plan schema had passed.
    return highestCost(JSON.parse(planText.parse(plan)) as PlanDocument);
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
      const decision = parsed.data;
      const approval = await store.approval(decision.approval);
      if (approval === undefined) {
        const message = `there is no approval "${decision.approval}"`;
        return refuse(decision, undefined, { code: "unknown-approval", message, retryable: false });
      }
      const now = clock.now();
      const view = trust();
      const judged = await judgeClick(decision, approval, now);
      if (judged.refused !== null) {
        return refuse(decision, approval, judged.refused);
      }
      const { requester } = approval;
      const { person, assurance, verdict, adapter, account, breakGlass } = decision;
      const reason = decision.reason?.trim() ?? "";
      if (breakGlass === true && (reason === "" || verdict !== "approved")) {
        const message = "deciding alone is approving, and needs a reason";
        return refuse(decision, approval, { code: "reason-missing", message, retryable: false });
      }
      if (approval.status !== "open") {
        return { outcome: "already-decided", approval };
      }
      if (decision.planHash !== undefined && decision.planHash !== approval.planHash) {
        const message = "the plan is not the one that was shown with this button; look at it again";
        return refuse(decision, approval, { code: "wrong-plan", message, retryable: false });
      }
      if (approval.expiresAt <= now) {
        const message = `the approval expired at ${new Date(approval.expiresAt).toISOString()}`;
        return refuse(decision, approval, { code: "approval-expired", message, retryable: false });
      }
      const evidence = sign({
        tag: "countersign/evidence/1",
        approval: approval.id,
        planHash: approval.planHash,
        run: approval.run,
        revision: approval.revision,
        verdict,
        person,
        requester,
        assurance,
        adapter,
        ...(account === undefined ? {} : { account }),
        ...(judged.delegations.length === 0 ? {} : { delegations: judged.delegations }),
        ...(breakGlass === true ? { breakGlass } : {}),
        trustSerial: view.serial,
        receivedAt: new Date(now).toISOString(),
      });
      const recorded = await engine.record(approval.id, {
        decision: {
          by: person,
          ...(judged.right === person ? {} : { insteadOf: judged.right }),
          verdict,
          at: now,
          assurance,
          adapter,
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
        return refuse(decision, approval, { code: "already-counted", message, retryable: false });
      }
      if (recorded === "counted") {
        const now = (await store.approval(approval.id)) ?? approval;
        const more = Math.max(0, now.quorum - now.decisions.length);
        return { outcome: "accepted", run: approval.run, ...(more === 0 ? {} : { more }) };
      }
      // Another decision, the end of the run or the expiry was first.
      const current = (await store.approval(approval.id)) ?? approval;
      return { outcome: "already-decided", approval: current };
    },
  };
}
