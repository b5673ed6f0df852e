import { BoundedMap } from "../bounded-map.ts";
import { isLasting } from "../clock-ahead.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { ReceivedEnvelope } from "../link-types.ts";
import type { InstanceLease } from "../instance-types.ts";
import type { AgentLink } from "../link-port.ts";
import type { AgentStore } from "../ports.ts";
import type { Announcer } from "./announcer.ts";
import { freezeRun, noticeStep, takeFreezeNotice } from "./freeze-notice.ts";
import { envelopeEntry, refusalEntry } from "./message-journal.ts";
import { createOutboxRelay, fixedRoute } from "./outbox.ts";
import { isModelReply } from "./remote-model.ts";
import { acknowledgedRows, fenceOf, replyRow, requestKey } from "./reply-row.ts";
import { mayAskFor, runSkill, type SkillEnvironment, SkillFailure } from "./run-skill.ts";
import { pause, type Timers } from "./timers.ts";
import { type Witness, witnessRun } from "./witness.ts";

export interface AgentHostOptions extends SkillEnvironment {
  readonly link: AgentLink;
  readonly timers: Timers;
  /** Has this process's journal witnessed: gets what the witness answers. */
  readonly witness?: Pick<Witness, "receive">;
  /** How long `stop` lets skills finish. Default 10 s. */
  readonly drainMs?: number;
  /** Tells the bot that this instance is here; whoever is only called by address does without. */
  readonly announcer?: Announcer;
}
export interface AgentHost {
  /** Takes the instance's lease, receives, and says that it is there. */
  start(): Promise<void>;
  /** Takes no more requests, lets running skills finish, aborts the rest: their requests will come again. */
  stop(): Promise<void>;
}
/** Of a message whose answer is under way: repetitions of it are left alone for a while. */
interface Answered {
  readonly quietMs: number;
  readonly until: number;
}
interface Work {
  readonly abort: AbortController;
  readonly settled: Promise<void>;
}

/** Besides refused mandates: what cannot come about unless somebody lies. */
const alarmingCodes: ReadonlySet<string> = new Set([
  "journal-rewritten",
  "sender-not-allowed",
  "wrong-account",
]);

/** Of so many requests it is known when they were last answered. */
const maxAnswered = 10_000;
/** Whoever asks again and again is answered so often at least. */
const mostQuietMs = 30_000;

/** Serves one agent's skills over the link. */
export function createAgentHost(options: AgentHostOptions): AgentHost {
  const { definition, store, link, trust, clock, timers, log, announcer } = options;
  let lease: InstanceLease = { instance: options.keys.instance, number: 0 };
  const relay = createOutboxRelay({
    store,
    link,
    clock,
    timers,
    log,
    route: fixedRoute(({ to, instance }) => {
      const address = trust.agent(to);
      return instance === undefined ? address : { ...address, instance };
    }),
  });
  const running = new Map<string, Work>();
  const answered = new BoundedMap<string, Answered>(maxAnswered);
  let stopping = false;

  const alarm = (message: ReceivedEnvelope, code: string): void => {
    log.error({ agent: definition.id, from: message.from.atSign, code, run: message.subject.run }, "alarm");
  };

  const isQuiet = (message: ReceivedEnvelope): boolean =>
    isLasting(answered.get(askerOf(message))?.until ?? 0, mostQuietMs, clock.now());
  /** An answer is repeated by itself; asked for it again, it is repeated ever more seldom. */
  const noteAnswer = (message: ReceivedEnvelope): void => {
    const last = answered.get(askerOf(message));
    const quietMs = last ? Math.min(last.quietMs * 2, mostQuietMs) : relay.waitMs("result", message.from);
    answered.set(askerOf(message), { quietMs, until: clock.now() + quietMs });
  };

  /** Handles a subject at most once at a time: a duplicate that comes meanwhile is ignored. */
  const once = async (
    message: ReceivedEnvelope,
    task: (abort: AbortController) => Promise<void>,
  ): Promise<void> => {
    const key = keyOf(message);
    if (stopping || running.has(key) || isQuiet(message)) {
      return;
    }
    const abort = new AbortController();
    const { promise: settled, resolve } = Promise.withResolvers<void>();
    running.set(key, { abort, settled });
    try {
      const { inbox, token } = fenceOf(message);
      const asked = { now: clock.now(), instance: message.from.instance, token };
      if ((await store.replyAgain(inbox, asked)) === undefined) {
        if (token > 1) {
          // Whoever was asked before us is refused from here on, not only once we are done.
          await store.takeOver(lease, { inbox, token });
        }
        await task(abort);
      } else {
        relay.kick();
      }
      noteAnswer(message);
    } finally {
      running.delete(key);
      resolve();
    }
  };

  const perform: AgentStore["perform"] = async (unit) => {
    let send = (): void => undefined;
    const done = await store.perform({
      ...unit,
      async work(books) {
        const { reply, journal } = await unit.work(books);
        const message = relay.prepare(reply);
        send = () => message.send();
        return { reply: message.row, journal: [...journal, ...message.journal] };
      },
    });
    if (done === "done") {
      send();
    }
    return done;
  };

  const answerError = async (message: ReceivedEnvelope, error: unknown): Promise<void> => {
    const info = toErrorInfo(error);
    // A mandate that may hold later, when our trust has caught up, is nobody's attack.
    const isAlarm = (info.code.startsWith("mandate-") && !info.retryable) || alarmingCodes.has(info.code);
    if (isAlarm) {
      alarm(message, info.code);
    } else {
      log.warn({ agent: definition.id, run: message.subject.run, code: info.code }, "skill failed");
    }
    const { from, subject, messageId } = message;
    const facts = { peer: from.atSign, subject, code: info.code, messageId };
    await perform({
      lease,
      ...fenceOf(message),
      work: async () => ({
        reply: replyRow(message, { error: info }, clock.now()),
        journal: [
          envelopeEntry("in", { ...message, peer: from.atSign }),
          refusalEntry(isAlarm ? "alarm" : "refusal", facts),
        ],
      }),
    });
  };

  /** Unanswered, an effect is asked for again until it may be done; that it was refused is written down. */
  const request = async (message: ReceivedEnvelope): Promise<void> => {
    try {
      await runRequest(message);
    } catch (error) {
      if (!isCode(error, "frozen")) {
        throw error;
      }
      const { from, subject, messageId } = message;
      log.warn({ agent: definition.id, run: subject.run, step: subject.step }, "refused-frozen");
      const facts = { peer: from.atSign, subject, messageId, code: "frozen" };
      await store.appendJournal([refusalEntry("refusal", facts)]);
    }
  };
  const runRequest = (message: ReceivedEnvelope): Promise<void> =>
    once(message, async (abort) => {
      const cancelDeadline = timers.after(Math.max(0, message.expiresAt - clock.now()), () =>
        abort.abort(new AppError("deadline", "the request's deadline has passed", { retryable: true })),
      );
      try {
        await runSkill(options, message, { lease, signal: abort.signal, perform });
      } catch (error) {
        if (!(error instanceof SkillFailure)) {
          throw error;
        }
        if (isCode(error.cause, "fenced") || isCode(error.cause, "frozen")) {
          throw error.cause;
        }
        const { signal } = abort;
        if (isCode(signal.reason, "stopping")) {
          return;
        }
        await answerError(
          message,
          error.cause instanceof AppError || !signal.aborted ? error.cause : signal.reason,
        );
      } finally {
        cancelDeadline();
      }
    });

  /** A cancel is answered by the request's result or error, made now when the request never came. */
  const cancel = async (message: ReceivedEnvelope): Promise<void> => {
    const cancelled = new AppError("cancelled", "the request was cancelled");
    const work = running.get(keyOf(message));
    if (work !== undefined) {
      work.abort.abort(cancelled);
      return;
    }
    await once(message, () => answerError(message, cancelled));
  };

  const acknowledged = async (rows: readonly string[]): Promise<void> => {
    await store.closeOutbox(rows);
    relay.forget(rows);
  };

  const receive = async (message: ReceivedEnvelope): Promise<void> => {
    const isAnswer = message.kind === "result" || message.kind === "error";
    if (isAnswer && message.subject.run === witnessRun && options.witness !== undefined) {
      await options.witness.receive(message);
      return;
    }
    if (isModelReply(message)) {
      await store.appendJournal([envelopeEntry("in", { ...message, peer: message.from.atSign })]);
      await options.models.receive(message);
      return;
    }
    const { role } = message.from;
    if (!Object.values(definition.skills).some((skill) => mayAskFor(skill, role, options))) {
      const { from, subject, messageId } = message;
      alarm(message, "sender-not-allowed");
      const facts = { peer: from.atSign, subject, messageId, code: "sender-not-allowed" };
      await store.appendJournal([refusalEntry("alarm", facts)]);
      return;
    }
    switch (message.kind) {
      case "request":
        return message.subject.run === freezeRun && message.subject.step === noticeStep
          ? takeFreezeNotice(message, options)
          : request(message);
      case "cancel":
        return cancel(message);
      case "ack":
        return acknowledged(acknowledgedRows(message));
      case "progress":
      case "chunk":
      case "result":
      case "error":
        log.warn({ agent: definition.id, kind: message.kind }, "message of a kind not expected here");
        return undefined;
    }
  };

  return {
    async start() {
      lease = await store.acquireLease(options.keys.instance);
      await link.start(receive);
      relay.start();
      announcer?.start(lease.number);
    },
    async stop() {
      stopping = true;
      announcer?.drain();
      const settled = Promise.all([...running.values()].map((each) => each.settled));
      const drained = new AbortController();
      void settled.then(() => drained.abort());
      await pause(timers, options.drainMs ?? 10_000, drained.signal);
      const reason = new AppError("stopping", "the agent is stopping", { retryable: true });
      running.forEach((each) => each.abort.abort(reason));
      await settled;
      await announcer?.stop();
      await link.stop();
      await relay.stop();
    },
  };
}

function keyOf(message: ReceivedEnvelope): string {
  const { sender, subject } = requestKey(message);
  return [sender, subject.run, subject.revision, subject.step, subject.attempt].join(" ");
}

/** Another instance, one that asks under another token, and a cancellation are answered at once. */
function askerOf(message: ReceivedEnvelope): string {
  const { kind, from, fencing } = message;
  return [keyOf(message), kind, from.instance, fencing].join(" ");
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof AppError && error.code === code;
}
