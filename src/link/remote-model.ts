import { z } from "zod";
import type { AgentAddress, Json } from "../domain.ts";
import type { MessageSubject, ReceivedEnvelope } from "../link-types.ts";
import { AppError, fromErrorInfo, toErrorInfo } from "../errors.ts";
import { gatewayRole, generateSkill, modelReplySchema, type ModelRequest } from "../model-call.ts";
import type { AgentLink, Clock, LanguageModel, Logger } from "../ports.ts";
import { errorInfoSchema } from "./message-body.ts";
import { resend } from "./resend.ts";
import type { Timers } from "./timers.ts";

/** The models of an agent: each call is an envelope to the gateway. */
export interface RemoteModels {
  /** The model for one run of a skill; its calls end when the signal aborts. */
  forSkill(subject: MessageSubject, signal: AbortSignal): LanguageModel;
  /** Takes a result or error of the gateway, asked for or not, and acknowledges it. */
  receive(message: ReceivedEnvelope): Promise<void>;
}
export interface RemoteModelOptions {
  readonly link: Pick<AgentLink, "send" | "ended">;
  /** The gateway's address; throws AppErrors. */
  readonly gateway: () => AgentAddress;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** Longest wait for an answer. Default two minutes. */
  readonly timeoutMs?: number;
}

const firstResendMs = 2_000;
const maxResendMs = 15_000;
const ackLifetimeMs = 60_000;
const replyBodySchema = z.strictObject({ output: modelReplySchema });

/** Waits in memory: when the process dies, the request that needed the model comes again and asks again. */
export function createRemoteModels(options: RemoteModelOptions): RemoteModels {
  const { link, clock, timers, log } = options;
  const waiting = new Map<string, (message: ReceivedEnvelope) => void>();

  const ask = async (
    subject: MessageSubject,
    input: ModelRequest,
    signal: AbortSignal,
  ): Promise<ReceivedEnvelope> => {
    const expiresAt = clock.now() + (options.timeoutMs ?? 120_000);
    const answered = new AbortController();
    const over = AbortSignal.any([signal, answered.signal]);
    let answer: ReceivedEnvelope | undefined;
    const receive = (message: ReceivedEnvelope): void => {
      answer = message;
      answered.abort();
    };
    const key = keyOf(subject);
    waiting.set(key, receive);
    try {
      await resend({
        send: () =>
          link
            .send({
              to: options.gateway(),
              kind: "request",
              subject,
              body: { skill: generateSkill, input: input as Json },
              expiresAt,
            })
            .catch((error: unknown) => log.warn({ code: toErrorInfo(error).code }, "model request not sent")),
        over,
        expiresAt,
        firstMs: firstResendMs,
        mostMs: maxResendMs,
        clock,
        timers,
      });
      if (answer !== undefined) {
        return answer;
      }
      signal.throwIfAborted();
      throw new AppError("model-timeout", "the model gateway did not answer in time", { retryable: true });
    } finally {
      if (waiting.get(key) === receive) {
        waiting.delete(key);
      }
      link.ended({ to: options.gateway(), kind: "request", subject });
    }
  };

  return {
    forSkill(subject, signal) {
      let calls = 0;
      return {
        async generate({ role, prompt, output, signal: ownSignal }) {
          calls += 1;
          const until = ownSignal === undefined ? signal : AbortSignal.any([signal, ownSignal]);
          const call = { ...subject, step: `model-${subject.step}-${calls}` };
          const schema = z.toJSONSchema(output, { io: "input", unrepresentable: "any" });
          const message = await ask(call, { role, prompt, schema: schema as ModelRequest["schema"] }, until);
          return readAnswer(message, output);
        },
      };
    },
    async receive(message) {
      waiting.get(keyOf(message.subject))?.(message);
      const { atSign, instance } = message.from;
      const expiresAt = clock.now() + ackLifetimeMs;
      await link.send({
        to: { atSign, instance },
        kind: "ack",
        subject: message.subject,
        body: null,
        expiresAt,
      });
    },
  };
}

/** For processes whose skills use no model. */
export const noModels: RemoteModels = {
  forSkill: () => ({
    generate: () => Promise.reject(new AppError("no-model", "this agent has no model gateway")),
  }),
  receive: () => Promise.resolve(),
};

/** Only the gateway's answers are taken for a model's. */
export function isModelReply(message: ReceivedEnvelope): boolean {
  return message.from.role === gatewayRole && (message.kind === "result" || message.kind === "error");
}

function readAnswer<T>(
  message: ReceivedEnvelope,
  output: z.ZodType<T>,
): { readonly output: T; readonly receipt: { readonly model: string } } {
  if (message.kind === "error") {
    throw fromErrorInfo(errorInfoSchema.parse(message.body));
  }
  const reply = replyBodySchema.parse(message.body);
  const value = output.safeParse(reply.output.value);
  if (!value.success) {
    const issue = value.error.issues[0];
    throw new AppError(
      "bad-model-output",
      `model ${reply.output.model} answered in another form: ${issue?.path.join(".")}: ${issue?.message}`,
      { retryable: true },
    );
  }
  return { output: value.data, receipt: { model: reply.output.model } };
}

function keyOf({ run, revision, step, attempt }: MessageSubject): string {
  return [run, revision, step, attempt].join(" ");
}
