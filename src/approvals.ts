import { z } from "zod";
import { accountForm, isAccount } from "./accounts.ts";
import type { TrustView } from "./define-agent.ts";
import type {
  Accepted,
  AlreadyDecided,
  Approval,
  ApprovalId,
  ClickedDecision,
  ErrorInfo,
  Refused,
  Signed,
} from "./domain.ts";
import type { EvidenceStatement } from "./mandate-types.ts";
import { mayDecide } from "./policy.ts";
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
});

export interface ApprovalsOptions {
  readonly store: Pick<Store, "approval" | "appendJournal">;
  /** Commits the verdict; "stale" when the approval was not open any more. */
  readonly engine: {
    record(
      approval: ApprovalId,
      o: {
        readonly decision: NonNullable<Approval["decision"]>;
        readonly evidence: Signed<EvidenceStatement>;
        readonly reason: string | null;
      },
    ): Promise<"recorded" | "stale">;
  };
  readonly clock: Clock;
  readonly trust: () => TrustView;
  /** Signs with the bot's evidence key. */
  readonly sign: (statement: EvidenceStatement) => Signed<EvidenceStatement>;
}
export interface Approvals {
  /** A person's verdict: checked, evidenced, and committed before this resolves. The first one counts. */
  decide(decision: ClickedDecision): Promise<Accepted | Refused | AlreadyDecided>;
}

/** Takes decisions from whatever adapter they come by. */
export function createApprovals({ store, engine, clock, trust, sign }: ApprovalsOptions): Approvals {
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
      const { requester } = approval;
      const { person, assurance, verdict, adapter, account } = decision;
      const refused = mayDecide(view.policy, view.person(person), person, {
        requester,
        assurance,
        demo: view.demo,
        account,
      });
      if (refused !== null) {
        return refuse(decision, approval, refused);
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
        trustSerial: view.serial,
        receivedAt: new Date(now).toISOString(),
      });
      const reason = decision.reason?.trim() ?? "";
      const recorded = await engine.record(approval.id, {
        decision: { by: person, verdict, at: now, assurance, adapter },
        evidence,
        reason: reason === "" ? null : reason,
      });
      if (recorded === "recorded") {
        return { outcome: "accepted", run: approval.run };
      }
      // Another decision, the end of the run or the expiry was first.
      const current = (await store.approval(approval.id)) ?? approval;
      return { outcome: "already-decided", approval: current };
    },
  };
}
