import { z } from "zod";
import { signedCheckpointSchema, witnessInputSchema, witnessSkill } from "../checkpoint-schema.ts";
import { type AgentDefinition, defineAgent, skill } from "../define-agent.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import {
  gatewayRole,
  generateSkill,
  modelReplySchema,
  type ModelReply,
  type ModelRequest,
  modelRequestSchema,
} from "../model-call.ts";
import type { Clock, LanguageModel, Logger } from "../ports.ts";
import type { JournalEntry } from "../record-types.ts";
import { signCheckpoint } from "../sign-checkpoint.ts";

/** An answer above this is no answer to any of our prompts. */
const largestAnswer = 500_000;

export interface GatewayOptions {
  /** The model that each role has been given; a role without one is refused. */
  readonly models: Readonly<Record<string, LanguageModel>>;
  /** Which model roles the agents of a role may use. One that is not named may use the one called like itself. */
  readonly callers?: Readonly<Record<string, readonly string[]>>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Writes down each call: who asked which model for whom, sizes, time and how it ended; never what was said. */
  readonly journal?: (entries: readonly JournalEntry[]) => Promise<void>;
}
export interface ModelGateway {
  /**
   * Checks the request and that `caller`, the role of its verified sender, may use the model asked for, has that
   * model answer and checks the form of the answer. Throws AppErrors.
   */
  generate(
    request: unknown,
    o: { readonly run: string; readonly caller: string; readonly signal: AbortSignal },
  ): Promise<ModelReply>;
}

/**
 * The one place where models are called. It sees every prompt and every answer and writes down ids, sizes and times
 * of them, never their text; the envelopes they travel in are journalled by the host it runs under.
 */
export function createGateway({ models, callers = {}, clock, log, journal }: GatewayOptions): ModelGateway {
  const mayUse = (caller: string, role: string): boolean =>
    (Object.hasOwn(callers, caller) ? (callers[caller] ?? []) : [caller]).includes(role);
  return {
    async generate(request, { run, caller, signal }) {
      const { role, prompt, schema } = checkedRequest(request);
      const model = Object.hasOwn(models, role) ? models[role] : undefined;
      const facts = { run, caller, role, promptBytes: Buffer.byteLength(prompt) };
      if (!mayUse(caller, role)) {
        log.warn({ ...facts, code: "role-not-allowed" }, "model call refused");
        throw new AppError("role-not-allowed", `"${caller}" may not use the model of role "${role}"`);
      }
      if (model === undefined) {
        log.warn({ ...facts, code: "unknown-role" }, "model call refused");
        throw new AppError("unknown-role", `no model is configured for role "${role}"`);
      }
      const startedAt = clock.now();
      try {
        const { output, receipt } = await model.generate({
          role,
          prompt,
          output: answerSchema(schema),
          signal,
        });
        const answerBytes = Buffer.byteLength(JSON.stringify(output));
        if (answerBytes > largestAnswer) {
          throw new AppError("bad-model-output", `the answer of model "${receipt.model}" is too long`, {
            retryable: true,
          });
        }
        const done = { ...facts, model: receipt.model, answerBytes, ms: clock.now() - startedAt };
        log.info(done, "model call");
        await journal?.([modelEntry(done)]);
        return { value: output, model: receipt.model };
      } catch (error) {
        const failed = { ...facts, code: toErrorInfo(error).code, ms: clock.now() - startedAt };
        log.warn(failed, "model call failed");
        await journal?.([modelEntry(failed)]);
        throw error;
      }
    },
  };
}

function modelEntry({ run, ...facts }: JournalEntry["facts"] & { readonly run: string }): JournalEntry {
  return { kind: "model", run, facts };
}

/** The gateway as the host serves it: models for every agent, and a witness of the books' journal for compliance. */
export function gatewayAgent(gateway: ModelGateway): AgentDefinition {
  return defineAgent({
    id: gatewayRole,
    description: "The one way to every language model.",
    skills: {
      [generateSkill]: skill({
        effect: "read",
        input: modelRequestSchema,
        output: modelReplySchema,
        run: ({ subject, caller, signal }, request) =>
          gateway.generate(request, { run: subject.run, caller, signal }),
      }),
      [witnessSkill]: skill({
        effect: "write",
        callers: ["compliance"],
        input: witnessInputSchema,
        output: signedCheckpointSchema,
        run: (context, input) => signCheckpoint(context, input, ["compliance"]),
      }),
    },
  });
}

function checkedRequest(request: unknown): ModelRequest {
  const parsed = modelRequestSchema.safeParse(request);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join(".") ?? "";
    throw new AppError("bad-request", `a model request is {role, prompt, schema}; wrong at "${where}"`);
  }
  return parsed.data;
}

/** JSON of the form that was asked for; the caller checks it against its own schema once more. */
function answerSchema(schema: ModelRequest["schema"]) {
  try {
    const asked = z.fromJSONSchema(schema);
    return z.json().refine((value) => asked.safeParse(value).success, "not of the form that was asked for");
  } catch (cause) {
    throw new AppError("bad-request", "the schema of a model request is not a JSON Schema", { cause });
  }
}
