import { z } from "zod";
import type { AgentAddress, Json, Signed } from "../domain.ts";
import { toErrorInfo } from "../errors.ts";
import type { ReceivedEnvelope } from "../link-types.ts";
import { signedLiftSchema } from "../plan/safety-schema.ts";
import type { AgentLink, Clock, Logger } from "../ports.ts";
import type { JournalEntry } from "../record-types.ts";
import type { FreezePapers, LiftEvidence, LiftStatement } from "../safety-types.ts";
import { freezeRun, knownBody, noticeOf, noticeStep } from "./freeze-notice.ts";
import { envelopeEntry } from "./message-journal.ts";
import { pause, type Timers } from "./timers.ts";

/** The bot's side of a freeze: agents are told until each has confirmed, and the HITL agent is asked for a lift. */
export interface FreezeCalls {
  /** Replaces what was told before. Resolves once all that are there have confirmed, or after a second. */
  tell(papers: FreezePapers): Promise<{ readonly confirmed: number; readonly of: number }>;
  /** Undefined when no answer came in time; throws the HITL agent's refusal. */
  signLift(
    serial: number,
    evidence: readonly Signed<LiftEvidence>[],
  ): Promise<Signed<LiftStatement> | undefined>;
  receive(message: ReceivedEnvelope): Promise<void>;
  stop(): void;
}
interface FreezeCallsOptions {
  readonly link: Pick<AgentLink, "send">;
  /** Instances that are there. */
  readonly here: () => readonly AgentAddress[];
  /** One address of each agent that nobody was heard of. */
  readonly others: () => readonly AgentAddress[];
  readonly hitl: () => AgentAddress;
  readonly journal: (entries: readonly JournalEntry[]) => Promise<void>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

/** Who has not confirmed is told again this soon, then half as often, and so on. */
const firstAgainMs = 250;
const longestAgainMs = 30_000;
/** Instances come and go: so often it is looked whom nobody has told. */
const lookMs = 250;
const patienceMs = 1_000;
const lifetimeMs = 60_000;
const liftStep = "lift";
const liftReply = z.strictObject({ output: signedLiftSchema });
const errorReply = z.object({ code: z.string() });

interface Told {
  readonly to: AgentAddress;
  confirmed: boolean;
  nextAt: number;
  waitMs: number;
}

export function createFreezeCalls(o: FreezeCallsOptions): FreezeCalls {
  const { link, clock, timers, log } = o;
  let papers: FreezePapers | undefined;
  let told = new Map<string, Told>();
  let cancelLook = (): void => undefined;
  let stopped = false;
  let tries = 0;
  let confirmedNow: () => void = () => undefined;
  let waitingForLift: { readonly attempt: number; take(message: ReceivedEnvelope): void } | undefined;

  const send = async (to: AgentAddress, step: string, attempt: number, body: Json): Promise<void> => {
    const subject = { run: freezeRun, revision: papers?.freeze.statement.serial ?? 0, step, attempt };
    try {
      await link.send({ to, kind: "request", subject, body, expiresAt: clock.now() + lifetimeMs });
    } catch (error) {
      log.warn({ to: to.atSign, code: toErrorInfo(error).code }, "freeze-not-sent");
    }
  };
  const attemptOf = (each: FreezePapers): number => (each.lift === null ? 1 : 2);

  const look = (): void => {
    cancelLook();
    if (stopped || papers === undefined) {
      return;
    }
    const now = clock.now();
    const body = noticeOf(papers) as unknown as Json;
    for (const to of [...o.here(), ...o.others()]) {
      const key = keyOf(to);
      const entry = told.get(key) ?? { to, confirmed: false, nextAt: now, waitMs: firstAgainMs };
      told.set(key, entry);
      if (!entry.confirmed && entry.nextAt <= now) {
        entry.nextAt = now + entry.waitMs;
        entry.waitMs = Math.min(entry.waitMs * 2, longestAgainMs);
        void send(to, noticeStep, attemptOf(papers), body);
      }
    }
    cancelLook = timers.after(lookMs, look);
  };
  const counted = (): { readonly confirmed: number; readonly of: number } => {
    const here = o.here().map((to) => told.get(keyOf(to))?.confirmed === true);
    return { confirmed: here.filter((each) => each).length, of: here.length };
  };

  return {
    async tell(next) {
      papers = next;
      told = new Map();
      const { promise, resolve } = Promise.withResolvers<void>();
      confirmedNow = () => {
        const { confirmed, of } = counted();
        if (confirmed === of) {
          resolve();
        }
      };
      look();
      confirmedNow();
      const cancel = timers.after(patienceMs, resolve);
      await promise;
      cancel();
      return counted();
    },

    async signLift(serial, evidence) {
      tries += 1;
      // Another try is another request: the answer to a refused one would be the same again.
      const attempt = Math.max(1, Math.floor((clock.now() - serial) / 1_000)) + tries;
      const answered = new AbortController();
      let answer: ReceivedEnvelope | undefined;
      waitingForLift = {
        attempt,
        take(message) {
          answer = message;
          answered.abort();
        },
      };
      const input = { evidence } as unknown as Json;
      await send(o.hitl(), liftStep, attempt, { skill: "sign-lift", input });
      await pause(timers, patienceMs * 5, answered.signal);
      if (answer?.kind === "error") {
        log.error({ code: errorReply.safeParse(answer.body).data?.code ?? "unknown" }, "lift-refused");
      }
      return answer?.kind === "result" ? liftReply.parse(answer.body).output : undefined;
    },

    async receive(message) {
      const { from, kind, subject } = message;
      if (kind !== "result" && kind !== "error") {
        return;
      }
      if (subject.step === noticeStep) {
        const known = knownBody.safeParse(message.body).data;
        const entry = told.get(keyOf(from));
        const ours = papers && { serial: papers.freeze.statement.serial, frozen: papers.lift === null };
        if (known === undefined || entry === undefined || ours === undefined) {
          return;
        }
        if (known.serial > ours.serial) {
          // Our record lacks what this agent was told: it stays as it is there until somebody looks.
          log.error({ from: from.atSign, serial: known.serial, frozen: known.frozen }, "freeze-unknown-here");
        }
        // One that knows already that this freeze is over need not be told that it began.
        const isOver = known.serial === ours.serial && !known.frozen;
        entry.confirmed ||= isOver || (known.serial >= ours.serial && known.frozen === ours.frozen);
        confirmedNow();
        return;
      }
      if (subject.step === liftStep && from.role === "hitl") {
        await o.journal([envelopeEntry("in", { ...message, peer: from.atSign })]);
        if (waitingForLift?.attempt === subject.attempt) {
          waitingForLift.take(message);
        }
        const to = { atSign: from.atSign, instance: from.instance };
        await link.send({ to, kind: "ack", subject, body: null, expiresAt: clock.now() + lifetimeMs });
      }
    },

    stop() {
      stopped = true;
      cancelLook();
    },
  };
}

function keyOf({ atSign, instance }: AgentAddress): string {
  return `${atSign}/${instance}`;
}
