import { z } from "zod";
import { accountForm, atSignAccount, isAccount } from "./accounts.ts";
import type { TrustView } from "./define-agent.ts";
import type {
  Accepted,
  AlreadyDecided,
  Approval,
  ApprovalId,
  Assurance,
  ClickedDecision,
  ErrorInfo,
  Refused,
  Signed,
} from "./domain.ts";
import type { CountersignedDecision, Evidence, EvidenceStatement } from "./mandate-types.ts";
import { isSignedByPerson } from "./countersigned.ts";
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
        readonly evidence: Evidence;
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
  /** The same for a verdict under the person's own signature, which is its evidence. */
  countersigned(
    decision: Signed<CountersignedDecision>,
    reason?: string,
  ): Promise<Accepted | Refused | AlreadyDecided>;
}

/** A verdict and where it came from, of either kind. */
type Given = Pick<
  ClickedDecision,
  "approval" | "person" | "verdict" | "reason" | "adapter" | "account" | "planHash"
> & {
  readonly assurance: Assurance;
};

/** Takes decisions from whatever adapter they come by. */
export function createApprovals({ store, engine, clock, trust, sign }: ApprovalsOptions): Approvals {
  async function refuse(
    given: Given,
    approval: Approval | undefined,
    refused: Pick<ErrorInfo, "code" | "message">,
  ): Promise<Refused> {
    const { verdict, adapter, assurance } = given;
    const person = trust().person(given.person)?.id ?? null;
    const id = approval?.id ?? null;
    const facts = { code: refused.code, verdict, adapter, assurance, approval: id, person };
    // The clear facts name only what is known here; what was merely claimed is sealed text.
    const claimed = { approval: given.approval, person: given.person };
    const body = id === null || person === null ? { body: claimed } : {};
    await store.appendJournal([{ kind: "refusal", run: approval?.run ?? null, facts, ...body }]);
    return { outcome: "refused", error: { ...refused, retryable: false } };
  }

  /** `prove` gives the evidence once the verdict was found good, or why there is none. */
  async function take(
    given: Given,
    prove: (approval: Approval, now: number) => Evidence | Pick<ErrorInfo, "code" | "message">,
  ): Promise<Accepted | Refused | AlreadyDecided> {
    const approval = await store.approval(given.approval);
    if (approval === undefined) {
      return refuse(given, undefined, {
        code: "unknown-approval",
        message: `there is no approval "${given.approval}"`,
      });
    }
    const now = clock.now();
    const view = trust();
    const { person, assurance, verdict, adapter, account } = given;
    const { requester } = approval;
    const { demo } = view;
    const refused = mayDecide(view.policy, view.person(person), person, {
      requester,
      assurance,
      demo,
      account,
    });
    if (refused !== null) {
      return refuse(given, approval, refused);
    }
    if (approval.status !== "open") {
      return { outcome: "already-decided", approval };
    }
    if (given.planHash !== undefined && given.planHash !== approval.planHash) {
      const message = "the plan is not the one that was shown with this button; look at it again";
      return refuse(given, approval, { code: "wrong-plan", message });
    }
    if (approval.expiresAt <= now) {
      const message = `the approval expired at ${new Date(approval.expiresAt).toISOString()}`;
      return refuse(given, approval, { code: "approval-expired", message });
    }
    const evidence = prove(approval, now);
    if ("code" in evidence) {
      return refuse(given, approval, evidence);
    }
    const reason = given.reason?.trim() ?? "";
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
      const { verdict, person, assurance, adapter, account } = decision;
      return take(decision, ({ id, planHash, run, revision, requester }, now) =>
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
          trustSerial: trust().serial,
          receivedAt: new Date(now).toISOString(),
        }),
      );
    },

    countersigned(signed, reason) {
      const { approval, person, verdict, planHash, assurance } = signed.statement;
      const account = atSignAccount(signed.signer.atSign);
      const given = { approval, person, verdict, planHash, assurance, adapter: "atsign", account };
      return take(
        { ...given, ...(reason === undefined ? {} : { reason }) },
        (open, now) => countersignRefused(signed, open, now) ?? signed,
      );
    },
  };

  function countersignRefused(
    signed: Signed<CountersignedDecision>,
    approval: Approval,
    now: number,
  ): Pick<ErrorInfo, "code" | "message"> | undefined {
    const { run, revision, requester, expiry, person } = signed.statement;
    const isOther =
      run !== approval.run || revision !== approval.revision || requester !== approval.requester;
    if (isOther) {
      return { code: "wrong-plan", message: "the decision is about another run, revision or requester" };
    }
    if (Date.parse(expiry) <= now) {
      return { code: "approval-expired", message: `the decision ended at ${expiry}` };
    }
    return isSignedByPerson(signed, trust())
      ? undefined
      : { code: "wrong-signature", message: `the decision is not signed by a granted key of "${person}"` };
  }
}
