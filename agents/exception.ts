import { z } from "zod";
import { defineAgent, skill } from "../src/define-agent.ts";
import { fallbackSchema, idSchema, moneySchema, plannedOrderSchema } from "../src/plan/plan-schema.ts";
import { deficitLineSchema, offerSchema } from "../src/plan/sourcing-schema.ts";

/** Prepares what may be done instead, before approval; decides by declared policy what happens after a failure. */
export default defineAgent({
  id: "exception",
  description: "Prepares fallbacks for each order of a plan, and triages failures. Never acts itself.",
  skills: {
    prepare: skill({
      effect: "read",
      input: z.strictObject({
        deficit: z.array(deficitLineSchema).max(1000),
        orders: z.array(plannedOrderSchema).max(200),
        offers: z.array(offerSchema).max(100),
        allowed: z.array(idSchema),
        /** What the run may spend in all, in the company's currency. */
        available: moneySchema,
        total: moneySchema,
      }),
      output: z.strictObject({ fallbacks: z.array(fallbackSchema) }),
      run: async (context, input) => {
        const { prepare } = await import("./exception/prepare.ts");
        return { fallbacks: await prepare(context, input) };
      },
    }),
    triage: skill({
      effect: "read",
      input: z.strictObject({
        step: z.string().max(80),
        agent: z.string().max(80),
        error: z.strictObject({
          code: z.string().max(80),
          message: z.string(),
          retryable: z.boolean(),
        }),
        attempt: z.int().min(0),
        irreversibleStarted: z.boolean(),
        decided: z.boolean(),
        edits: z.int().min(0).exactOptional(),
      }),
      output: z.strictObject({
        action: z.enum(["retry", "alternative", "escalate"]),
        delayMs: z.int().min(0),
        exclude: z.array(idSchema),
        note: z.string(),
      }),
      run: async (context, input) => {
        const { triage } = await import("./exception/triage.ts");
        return triage(context, input);
      },
    }),
  },
});
