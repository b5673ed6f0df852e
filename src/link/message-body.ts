import { z } from "zod";
import type { ErrorInfo } from "../domain.ts";
import { parsedJson } from "../parsed-json.ts";

/** The bodies of messages, as strict schemas. */

const asked = {
  skill: z.string().min(1).max(100),
  /** Every step but the effects. */
  shadow: z.literal(true).exactOptional(),
};
/** Of a request: a skill with its input, or with a mandate and nothing else. */
export const requestBodySchema = z.union([
  z.strictObject({ ...asked, input: parsedJson }),
  z.strictObject({ ...asked, mandate: parsedJson }),
]);
/** Of an error. */
export const errorInfoSchema: z.ZodType<ErrorInfo> = z.strictObject({
  code: z.string().min(1).max(100),
  message: z.string().max(10_000),
  retryable: z.boolean(),
});
