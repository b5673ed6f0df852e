import { z } from "zod";
import { atSignAccount } from "../accounts.ts";
import { canonicalJson } from "../canonical.ts";
import type { ApprovalId, Person, Signed, Verdict } from "../domain.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { InstanceKeyPairs } from "../keys.ts";
import type { ReceivedEnvelope } from "../link-types.ts";
import type { CountersignedDecision } from "../mandate-types.ts";
import { signedCountersignedSchema } from "../plan/plan-schema.ts";
import type { AgentLink } from "../link-port.ts";
import type { Clock, Logger } from "../ports.ts";
import type { KeptValues } from "../record-types.ts";
import { signAs } from "../trust/sign-statement.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import { type CheckedPlan, checkPlan } from "./check-plan.ts";
import {
  decisionsRun,
  type PlanToDecide,
  toDeviceSchema,
  type VerdictAnswer,
  verdictAnswerSchema,
} from "./decision-messages.ts";
import { resend } from "./resend.ts";
import type { Timers } from "./timers.ts";

export interface DecisionDeviceOptions {
  readonly link: Pick<AgentLink, "send">;
  readonly keys: InstanceKeyPairs;
  readonly trust: TrustStore;
  /** What was signed here: kept before it is sent, so that a verdict is given once however often this machine ends. */
  readonly values: Pick<KeptValues, "getValue" | "setValue">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** Told when a plan came, changed or went. */
  readonly onChange?: () => void;
}
/** A checked plan, and the verdict that was signed here on it before. */
export interface WaitingPlan extends CheckedPlan {
  readonly signed: Verdict | null;
}
/** What came and is not put before anybody, with the reason. */
export interface RefusedPlan {
  readonly approval: ApprovalId;
  readonly code: string;
  readonly why: string;
}
export interface DecisionDevice {
  /** Who decides here; throws `no-person` when the trust document names nobody for this atSign. */
  person(): Person;
  /** Those that wait for this person, oldest first. */
  plans(): readonly WaitingPlan[];
  refused(): readonly RefusedPlan[];
  /** Asks the bot for all that is open. */
  ask(): Promise<void>;
  /** True once everything that was asked for is here. */
  isComplete(): boolean;
  /**
   * Signs a verdict on a checked plan and sends it until the bot answers. Throws `unknown-approval`,
   * `already-decided`, `trust-stale`, `no-answer`.
   */
  decide(approval: ApprovalId, verdict: Verdict, reason?: string): Promise<VerdictAnswer>;
  /** Takes a message of the bot. */
  receive(message: ReceivedEnvelope): Promise<void>;
  stop(): void;
}

const longestDecisionMs = 24 * 3_600_000;
const messageMs = 10 * 60_000;
const firstResendMs = 2_000;
const mostResendMs = 30_000;
const mostPlans = 500;
const keptVerdict = z.strictObject({
  decision: signedCountersignedSchema,
  reason: z.string().optional(),
});
type KeptVerdict = z.infer<typeof keptVerdict>;

/**
 * The machine on which a person countersigns. Nothing that the bot says is believed: plan, attestations and policy
 * are checked by the company's own papers, as the executing agents will check them.
 */
export function createDecisionDevice(o: DecisionDeviceOptions): DecisionDevice {
  const { link, keys, trust, values, clock, log } = o;
  const waiting = new Map<ApprovalId, WaitingPlan>();
  const refused = new Map<ApprovalId, RefusedPlan>();
  const answers = new Map<ApprovalId, (answer: VerdictAnswer) => void>();
  const stopping = new AbortController();
  let sent = 0;
  let listed: readonly ApprovalId[] | undefined;

  function person(): Person {
    const account = atSignAccount(keys.atSign);
    const found = trust.people.find((each) => each.accounts.includes(account));
    if (found === undefined) {
      throw new AppError(
        "no-person",
        `the company's trust document (serial ${trust.serial}) names nobody for ${keys.atSign}: have it granted with "countersign people device TOKEN"`,
      );
    }
    return found;
  }

  async function send(step: string, body: unknown): Promise<void> {
    sent += 1;
    await link.send({
      to: trust.agent("bot"),
      kind: "request",
      subject: { run: decisionsRun, revision: 1, step, attempt: sent },
      body: z.json().parse(body),
      expiresAt: clock.now() + messageMs,
    });
  }

  async function take(given: PlanToDecide): Promise<void> {
    const { approval } = given;
    if (waiting.size + refused.size >= mostPlans && !waiting.has(approval)) {
      log.warn({ approval }, "too-many-plans");
      return;
    }
    const signed = (await kept(approval))?.decision.statement.verdict ?? null;
    try {
      const checked = checkPlan(given, { trust, person: person(), atSign: keys.atSign, now: clock.now() });
      waiting.set(approval, { ...checked, signed });
      refused.delete(approval);
    } catch (error) {
      const { code, message } = toErrorInfo(error);
      waiting.delete(approval);
      refused.set(approval, { approval, code, why: message });
      log.warn({ approval, code }, "plan-refused");
    }
  }

  async function kept(approval: ApprovalId): Promise<KeptVerdict | undefined> {
    const text = await values.getValue(keyOf(approval));
    return text === undefined ? undefined : keptVerdict.parse(JSON.parse(text));
  }

  async function sign(
    approval: ApprovalId,
    verdict: Verdict,
    reason: string | undefined,
  ): Promise<KeptVerdict> {
    const shown = waiting.get(approval);
    if (shown === undefined) {
      throw new AppError("unknown-approval", `no plan of approval "${approval}" waits here`);
    }
    trust.requireFresh();
    const now = clock.now();
    if (shown.expiresAt <= now) {
      throw new AppError(
        "plan-expired",
        `the plan was valid until ${new Date(shown.expiresAt).toISOString()}`,
      );
    }
    const { plan, planHash } = shown;
    const statement: CountersignedDecision = {
      tag: "countersign/decision/1",
      planHash,
      run: plan.run,
      revision: plan.revision,
      approval,
      verdict,
      person: person().id,
      requester: plan.requester,
      assurance: "countersigned",
      trustSerial: trust.serial,
      issuedAt: new Date(now).toISOString(),
      expiry: new Date(Math.min(Date.parse(plan.validUntil), now + longestDecisionMs)).toISOString(),
    };
    const decision: Signed<CountersignedDecision> = signAs(statement, keys, keys.ed25519);
    const text = reason?.trim() ?? "";
    const verdictKept = { decision, ...(text === "" ? {} : { reason: text }) };
    await values.setValue(keyOf(approval), canonicalJson(verdictKept));
    return verdictKept;
  }

  /** Sends until the bot says what became of it. */
  async function deliver(approval: ApprovalId, verdict: KeptVerdict): Promise<VerdictAnswer> {
    const answered = new AbortController();
    let answer: VerdictAnswer | undefined;
    answers.set(approval, (given) => {
      answer = given;
      answered.abort();
    });
    try {
      await resend({
        send: () =>
          send(approval, { type: "decide", ...verdict }).catch((error: unknown) => {
            log.warn({ approval, code: toErrorInfo(error).code }, "verdict-not-sent");
          }),
        over: AbortSignal.any([answered.signal, stopping.signal]),
        expiresAt: Math.min(Date.parse(verdict.decision.statement.expiry), clock.now() + messageMs),
        firstMs: firstResendMs,
        mostMs: mostResendMs,
        clock,
        timers: o.timers,
      });
    } finally {
      answers.delete(approval);
    }
    if (answer === undefined) {
      throw new AppError(
        "no-answer",
        "the verdict is signed and kept here, but the bot has not answered yet: give it again, the same one is sent",
        { retryable: true },
      );
    }
    if (answer.outcome !== "refused") {
      waiting.delete(approval);
      o.onChange?.();
    }
    return answer;
  }

  return {
    person,
    plans: () =>
      [...waiting.values()]
        .filter((each) => each.expiresAt > clock.now())
        .toSorted((a, b) => a.expiresAt - b.expiresAt),
    refused: () => [...refused.values()],
    isComplete: () => listed?.every((id) => waiting.has(id) || refused.has(id)) === true,
    ask: () => send("list", { type: "list" }),
    async decide(approval, verdict, reason) {
      const before = await kept(approval);
      if (before !== undefined && before.decision.statement.verdict !== verdict) {
        throw new AppError(
          "already-decided",
          `"${approval}" was ${before.decision.statement.verdict} here at ${before.decision.statement.issuedAt}`,
        );
      }
      return deliver(approval, before ?? (await sign(approval, verdict, reason)));
    },
    async receive({ from, kind, subject, body }) {
      if (from.role !== "bot") {
        log.warn({ from: from.atSign, kind }, "message-ignored");
        return;
      }
      if (kind === "result") {
        const answer = verdictAnswerSchema.safeParse(body);
        if (answer.success) {
          answers.get(subject.step)?.(answer.data);
        }
        return;
      }
      const parsed = toDeviceSchema.safeParse(body);
      if (kind !== "request" || !parsed.success) {
        log.warn({ from: from.atSign, kind }, "message-ignored");
        return;
      }
      const message = parsed.data;
      if (message.type === "plan") {
        await take(message);
      } else if (message.type === "listed") {
        listed = message.approvals;
      } else {
        waiting.delete(message.approval);
        refused.delete(message.approval);
      }
      o.onChange?.();
    },
    stop: () => stopping.abort(),
  };
}

function keyOf(approval: ApprovalId): string {
  return `verdict:${approval}`;
}
