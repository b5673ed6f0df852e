import { z } from "zod";

/** What an agent asks of the model gateway and what it gets back: skill "generate" of role "gateway". */

export const gatewayRole = "gateway";
export const generateSkill = "generate";

export const modelRequestSchema = z.strictObject({
  /** What the model is used for, e.g. "router"; policy and the rules model go by it. */
  role: z.string().min(1).max(100),
  prompt: z.string().min(1).max(500_000),
  /** JSON Schema of the answer. */
  schema: z.record(z.string(), z.json()),
});
export const modelReplySchema = z.strictObject({
  /** The answer; the caller checks it against its own schema. */
  value: z.json(),
  /** Which endpoint answered. */
  model: z.string().min(1).max(200),
});
export type ModelRequest = z.output<typeof modelRequestSchema>;
export type ModelReply = z.output<typeof modelReplySchema>;
