import { z } from "zod";
import { atSignAccount } from "../accounts.ts";
import type { ApprovalId, Person, Signed, Verdict } from "../domain.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { InstanceKeyPairs } from "../keys.ts";
import type { CountersignedDecision } from "../mandate-types.ts";
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
import type { ClosedPlan, DecisionDevice, RefusedPlan, ResumedVerdict, WaitingPlan } from "./device-types.ts";
import { createKeptVerdicts, type KeptVerdict } from "./kept-verdicts.ts";
import type { Timers } from "./timers.ts";
import { createVerdictDelivery } from "./verdict-delivery.ts";

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
/** Beyond the end of the approval, until which others may have to sign as well: the agents may be down for hours. */
const graceMs = 24 * 3_600_000;
const messageMs = 10 * 60_000;
/** How long an answer to a verdict of before is waited for: whoever sits here wants to go on. */
const resumeMs = 20_000;
const mostPlans = 500;

/**
 * The machine on which a person countersigns. Nothing that the bot says is believed: plan, attestations and policy
 * are checked by the company's own papers, as the executing agents will check them.
 */
export function createDecisionDevice(o: DecisionDeviceOptions): DecisionDevice {
  const { link, keys, trust, clock, log } = o;
  const memory = createKeptVerdicts(o.values);
  const waiting = new Map<ApprovalId, WaitingPlan>();
  const refused = new Map<ApprovalId, RefusedPlan>();
  const closed = new Map<ApprovalId, ClosedPlan>();
  const delivery = createVerdictDelivery({
    send: (approval, verdict) => send(approval, { type: "decide", ...verdict }),
    clock,
    timers: o.timers,
    log,
  });
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
    if (await memory.wasTold(approval)) {
      return;
    }
    if (waiting.size + refused.size >= mostPlans && !waiting.has(approval)) {
      log.warn({ approval }, "too-many-plans");
      return;
    }
    const before = (await memory.get(approval))?.decision.statement;
    try {
      const checked = checkPlan(given, { trust, person: person(), atSign: keys.atSign, now: clock.now() });
      if (before !== undefined && before.planHash !== checked.planHash) {
        throw new AppError(
          "wrong-plan",
          `another plan was ${before.verdict} here under the same approval at ${before.issuedAt}`,
        );
      }
      waiting.set(approval, { ...checked, signed: before?.verdict ?? null });
      refused.delete(approval);
      await memory.shown(approval);
    } catch (error) {
      const { code, message } = toErrorInfo(error);
      waiting.delete(approval);
      refused.set(approval, { approval, code, why: message });
      log.warn({ approval, code }, "plan-refused");
    }
  }

  async function sign(
    { approval, planHash }: Pick<CheckedPlan, "approval" | "planHash">,
    verdict: Verdict,
    reason: string | undefined,
  ): Promise<KeptVerdict> {
    const shown = waiting.get(approval);
    if (shown === undefined) {
      const end = closed.get(approval);
      throw end === undefined
        ? new AppError("unknown-approval", `no plan of approval "${approval}" waits here`)
        : new AppError("already-decided", `approval "${approval}" waits no more: ${end.outcome}`);
    }
    if (shown.planHash !== planHash) {
      throw new AppError(
        "wrong-plan",
        `the plan was replaced while you read it: nothing is signed, read the new one (SHA-256 ${shown.planHash})`,
      );
    }
    trust.requireFresh();
    const now = clock.now();
    if (shown.expiresAt <= now) {
      throw new AppError(
        "plan-expired",
        `the plan was valid until ${new Date(shown.expiresAt).toISOString()}`,
      );
    }
    const { plan } = shown;
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
      expiry: new Date(Math.min(Date.parse(plan.validUntil), shown.expiresAt + graceMs)).toISOString(),
    };
    const decision: Signed<CountersignedDecision> = signAs(statement, keys, keys.ed25519);
    const text = reason?.trim() ?? "";
    const verdictKept = { decision, ...(text === "" ? {} : { reason: text }) };
    await memory.keep(approval, verdictKept);
    return verdictKept;
  }

  async function deliver(
    approval: ApprovalId,
    verdict: KeptVerdict,
    patienceMs: number,
  ): Promise<VerdictAnswer> {
    const answer = await delivery.deliver(approval, verdict, patienceMs);
    await memory.answered(approval);
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
    async closed() {
      const ended = [...closed.values()];
      closed.clear();
      for (const { approval } of ended) {
        await memory.told(approval);
      }
      return ended;
    },
    isComplete: () => listed?.every((id) => waiting.has(id) || refused.has(id)) === true,
    ask: async () => send("list", { type: "list", known: await memory.untold() }),
    async decide(read, verdict, reason) {
      const { approval } = read;
      const before = await memory.get(approval);
      if (before !== undefined && before.decision.statement.verdict !== verdict) {
        throw new AppError(
          "already-decided",
          `"${approval}" was ${before.decision.statement.verdict} here at ${before.decision.statement.issuedAt}`,
        );
      }
      return deliver(approval, before ?? (await sign(read, verdict, reason)), messageMs);
    },
    async resume() {
      const resumed: ResumedVerdict[] = [];
      for (const approval of await memory.unanswered()) {
        const before = await memory.get(approval);
        if (before === undefined || Date.parse(before.decision.statement.expiry) <= clock.now()) {
          await memory.answered(approval);
          continue;
        }
        const { verdict } = before.decision.statement;
        const answer = await deliver(approval, before, resumeMs).catch((error: unknown) => {
          if (toErrorInfo(error).code === "no-answer") {
            return null;
          }
          throw error;
        });
        resumed.push({ approval, verdict, answer });
      }
      return resumed;
    },
    async receive({ from, kind, subject, body }) {
      if (from.role !== "bot") {
        log.warn({ from: from.atSign, kind }, "message-ignored");
        return;
      }
      if (kind === "result") {
        const answer = verdictAnswerSchema.safeParse(body);
        if (answer.success) {
          delivery.answered(subject.step, answer.data);
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
        const { approval, outcome } = message;
        waiting.delete(approval);
        refused.delete(approval);
        // Of what was never shown here nobody is told.
        if ((await memory.untold()).includes(approval)) {
          closed.set(approval, { approval, outcome });
        }
      }
      o.onChange?.();
    },
    stop: () => delivery.stop(),
  };
}
