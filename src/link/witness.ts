import { z } from "zod";
import { canonicalJson } from "../canonical.ts";
import { checkpointSchema, signedCheckpointSchema, witnessStepRecords } from "../checkpoint-schema.ts";
import { witnessSkill } from "../checkpoint-schema.ts";
import type { AgentAddress, Json, Signed } from "../domain.ts";
import type { MessageSubject, ReceivedEnvelope } from "../link-types.ts";
import { isLasting } from "../clock-ahead.ts";
import { toErrorInfo } from "../errors.ts";
import type { ChainHead, CheckpointStatement } from "../journal.ts";
import type { AgentLink } from "../link-port.ts";
import type { Clock, Logger } from "../ports.ts";
import type { JournalEntry } from "../record-types.ts";
import { errorInfoSchema } from "./message-body.ts";
import { envelopeEntry } from "./message-journal.ts";
import { resend } from "./resend.ts";
import type { Timers } from "./timers.ts";
import {
  type CheckpointStep,
  type JournalSource,
  nextStep,
  recordsUpTo,
  unwitnessed,
} from "./witness-steps.ts";

/** The run that the witness's messages travel under. */
export const witnessRun = "witness";

export interface Witness {
  start(): void;
  stop(): Promise<void>;
  /** Takes a result or error of the witness and acknowledges it. */
  receive(message: ReceivedEnvelope): Promise<void>;
}
export interface WitnessOptions {
  readonly source: JournalSource;
  readonly link: Pick<AgentLink, "send">;
  /** Whose signature it is to bear. */
  readonly role: string;
  /** The witness's address; throws AppErrors. */
  readonly address: () => AgentAddress;
  readonly sign: (statement: CheckpointStatement) => Signed<CheckpointStatement>;
  /** True when the witness made this signature. */
  readonly verify: (signed: Signed<CheckpointStatement>) => boolean;
  readonly values: {
    getValue(key: string): Promise<string | undefined>;
    setValue(key: string, value: string): Promise<void>;
  };
  readonly journal: (entries: readonly JournalEntry[]) => Promise<void>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** A checkpoint at most this often. Default a second. */
  readonly everyMs?: number;
}

/** The owner's own copy of the latest checkpoint, among its small values. */
export const signedKey = "journal:checkpoint";
const askedKey = "journal:witnessing";
const lookMs = 250;
const secondMs = 1_000;
const firstResendMs = 5_000;
const maxResendMs = 120_000;
/** After this a request is given up and its checkpoint asked for again under the next number. */
const requestMs = 600_000;
const firstRetryMs = 10_000;
const ackLifetimeMs = 60_000;

const replySchema = z.strictObject({ output: signedCheckpointSchema });
const askedSchema = z.strictObject({ attempt: z.int().min(0), statement: checkpointSchema.nullable() });

/**
 * Has the journal's checkpoints signed by a participant whose own records lie elsewhere: each second (or `everyMs`) in
 * which something was recorded, and at once for every thousand records, one at a time. What was asked for is kept, and asked for again after a restart:
 * the witness may have signed it already.
 */
export function createWitness(options: WitnessOptions): Witness {
  const { source, link, values, clock, timers, log, everyMs = secondMs } = options;
  let signed: Signed<CheckpointStatement> | null = null;
  let asked: z.infer<typeof askedSchema> = { attempt: 0, statement: null };
  let loaded = false;
  let lastStepAt = Number.NEGATIVE_INFINITY;
  let quietUntil = Number.NEGATIVE_INFINITY;
  let retryMs = firstRetryMs;
  let lastAlarm = "";
  let waiting: { readonly attempt: number; take(message: ReceivedEnvelope | undefined): void } | undefined;
  let working: Promise<void> | undefined;
  let cancelLook: () => void = () => undefined;
  const stopping = new AbortController();

  const load = async (): Promise<void> => {
    if (loaded) {
      return;
    }
    const [kept, request] = await Promise.all([values.getValue(signedKey), values.getValue(askedKey)]);
    signed = kept === undefined ? null : signedCheckpointSchema.parse(JSON.parse(kept));
    asked = request === undefined ? asked : askedSchema.parse(JSON.parse(request));
    if (canonicalJson(asked.statement) === canonicalJson(signed?.statement ?? null)) {
      asked = { ...asked, statement: null };
    }
    loaded = true;
  };
  const heads = (): readonly ChainHead[] => signed?.statement.heads ?? [];

  const next = async (): Promise<CheckpointStep | undefined> => {
    const now = clock.now();
    if (asked.statement !== null) {
      const records = await recordsUpTo(source, heads(), asked.statement.heads);
      return { statement: asked.statement, records };
    }
    const soon = now - lastStepAt < everyMs;
    if (soon && unwitnessed(heads(), await source.heads()) < witnessStepRecords) {
      return undefined;
    }
    lastStepAt = now;
    const step = await nextStep(source, heads(), (record) => record.run === witnessRun);
    const at = new Date(now).toISOString();
    return (
      step && { statement: { tag: "countersign/checkpoint/1", heads: step.heads, at }, records: step.records }
    );
  };

  /** Sends until answered; undefined when nobody answered in time, or on stop. */
  const ask = async (step: CheckpointStep): Promise<ReceivedEnvelope | undefined> => {
    asked = { attempt: asked.attempt + 1, statement: step.statement };
    await values.setValue(askedKey, canonicalJson(asked));
    const { attempt } = asked;
    const subject: MessageSubject = { run: witnessRun, revision: 1, step: "checkpoint", attempt };
    const input = { checkpoint: options.sign(step.statement), records: step.records };
    const expiresAt = clock.now() + requestMs;
    const answered = new AbortController();
    let answer: ReceivedEnvelope | undefined;
    waiting = {
      attempt,
      take(message) {
        answer = message;
        answered.abort();
      },
    };
    try {
      if (!stopping.signal.aborted) {
        await resend({
          send: () => send(subject, { skill: witnessSkill, input: input as unknown as Json }, expiresAt),
          over: answered.signal,
          expiresAt,
          firstMs: firstResendMs,
          mostMs: maxResendMs,
          clock,
          timers,
        });
      }
      return answer;
    } finally {
      waiting = undefined;
    }
  };
  const send = async (subject: MessageSubject, body: Json, expiresAt: number): Promise<void> => {
    try {
      await link.send({ to: options.address(), kind: "request", subject, body, expiresAt });
    } catch (error) {
      log.warn({ code: toErrorInfo(error).code }, "checkpoint-not-sent");
    }
  };

  /** True when the step was signed. */
  const settle = async ({ statement }: CheckpointStep, message: ReceivedEnvelope): Promise<boolean> => {
    if (message.kind === "error") {
      await refused(errorInfoSchema.parse(message.body));
      return false;
    }
    const reply = replySchema.safeParse(message.body);
    const { output } = reply.data ?? {};
    if (output === undefined || canonicalJson(output.statement) !== canonicalJson(statement)) {
      await alarm("witness-reply-wrong", "the witness signed another checkpoint than it was given");
      return false;
    }
    if (!options.verify(output)) {
      await alarm("witness-reply-wrong", "the witness's signature does not hold");
      return false;
    }
    await values.setValue(signedKey, canonicalJson(output));
    signed = output;
    asked = { ...asked, statement: null };
    retryMs = firstRetryMs;
    lastAlarm = "";
    return true;
  };
  const refused = async (info: { readonly code: string; readonly message: string }): Promise<void> => {
    if (info.code === "journal-rewritten") {
      // Should the record be put right, the next checkpoint is made from what it holds then.
      asked = { ...asked, statement: null };
      await alarm(info.code, info.message);
      return;
    }
    log.warn({ code: info.code }, "checkpoint-refused");
    waitLonger();
  };
  const waitLonger = (): void => {
    quietUntil = clock.now() + retryMs;
    retryMs = Math.min(retryMs * 2, requestMs);
  };
  /** Recorded once, not at every try: under the witness's own run, so that it asks for no checkpoint itself. */
  const alarm = async (code: string, detail: string): Promise<void> => {
    waitLonger();
    log.error({ code, detail }, "journal-alarm");
    if (lastAlarm !== detail) {
      lastAlarm = detail;
      await options.journal([
        { kind: "alarm", run: witnessRun, facts: { code, detail: detail.slice(0, 500) } },
      ]);
    }
  };

  const work = async (): Promise<void> => {
    await load();
    while (!stopping.signal.aborted && !isLasting(quietUntil, requestMs, clock.now())) {
      const step = await next();
      const answer = step && (await ask(step));
      if (step === undefined || answer === undefined || !(await settle(step, answer))) {
        return;
      }
    }
  };
  const look = (): void => {
    working = work()
      .catch((error: unknown) => {
        log.error({ code: toErrorInfo(error).code }, "witness-failed");
        waitLonger();
      })
      .finally(() => {
        working = undefined;
        if (!stopping.signal.aborted) {
          cancelLook = timers.after(lookMs, look);
        }
      });
  };

  return {
    start: look,
    async stop() {
      stopping.abort();
      cancelLook();
      waiting?.take(undefined);
      await working;
    },
    async receive(message) {
      const { from, kind, subject } = message;
      if (from.role !== options.role || (kind !== "result" && kind !== "error")) {
        log.warn({ from: from.atSign, kind }, "message-ignored");
        return;
      }
      await options.journal([envelopeEntry("in", { ...message, peer: from.atSign })]);
      if (waiting?.attempt === subject.attempt) {
        waiting.take(message);
      }
      // Also before it is kept: what is lost now is asked for again, and signed again.
      await link.send({
        to: { atSign: from.atSign, instance: from.instance },
        kind: "ack",
        subject,
        body: null,
        expiresAt: clock.now() + ackLifetimeMs,
      });
    },
  };
}
