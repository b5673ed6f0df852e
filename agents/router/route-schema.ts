import { z } from "zod";
import { idSchema } from "../../src/plan/plan-schema.ts";

const textSchema = z.string().max(200_000);

/** What `route` is asked: the request, the questions asked so far with their answers, and what may be chosen. */
export const routeInputSchema = z.strictObject({
  text: textSchema,
  dialogue: z.array(z.strictObject({ question: textSchema, answer: textSchema })).max(50),
  workflows: z
    .array(
      z.strictObject({
        id: z.string(),
        version: z.int().min(1),
        description: z.string(),
        examples: z.array(z.string()),
      }),
    )
    .min(1),
});
export type RouteInput = z.output<typeof routeInputSchema>;

/** A workflow with its input, a question to the requester, or what can be asked for instead. */
export const routeOutputSchema = z.discriminatedUnion("outcome", [
  z.strictObject({
    outcome: z.literal("workflow"),
    workflow: z.string(),
    version: z.int().min(1),
    input: z.strictObject({
      customer: idSchema,
      item: idSchema,
      quantity: z.string().regex(/^[1-9]\d{0,6}$/),
    }),
    /** Which model read the request. */
    model: z.string(),
  }),
  z.strictObject({
    outcome: z.literal("question"),
    question: z.string().min(1),
    options: z.array(z.string()),
    model: z.string(),
  }),
  z.strictObject({ outcome: z.literal("unsupported"), message: z.string().min(1), model: z.string() }),
]);
export type RouteOutput = z.output<typeof routeOutputSchema>;
