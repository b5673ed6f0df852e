import { z } from "zod";
import { defineAgent, skill } from "../src/define-agent.ts";
import {
  decimalSchema,
  idSchema,
  moneySchema,
  plannedOrderSchema,
  quantitySchema,
} from "../src/plan/plan-schema.ts";

/** Quotes: what an order costs the company, and what the customer is asked for by the margin policy. */
export default defineAgent({
  id: "quoting",
  description: "Works out the total cost and drafts the customer's quote by the margin policy.",
  skills: {
    draft: skill({
      effect: "read",
      input: z.strictObject({
        item: idSchema,
        quantity: quantitySchema,
        customer: idSchema,
        orders: z.array(plannedOrderSchema).max(200),
        total: moneySchema,
        /** Chosen by somebody instead of the policy's. */
        marginPercent: decimalSchema.exactOptional(),
        reservedParts: z.array(z.strictObject({ part: idSchema, quantity: quantitySchema })).max(2000),
      }),
      output: z.strictObject({
        /** Orders and parts from stock, in the company's currency. */
        cost: moneySchema,
        marginPercent: decimalSchema,
        total: moneySchema,
        text: z.string().min(1).max(4000),
      }),
      run: async (context, input) => {
        const { draftQuote } = await import("./quoting/draft.ts");
        return draftQuote(context, input);
      },
    }),
  },
});
