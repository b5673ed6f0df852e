import { z } from "zod";
import { defineAgent, skill } from "../src/define-agent.ts";
import { shippings } from "../src/edit-types.ts";
import { idSchema, moneySchema, plannedOrderSchema } from "../src/plan/plan-schema.ts";
import { deficitLineSchema, offerSchema } from "../src/plan/sourcing-schema.ts";

/** Chooses suppliers, quantities and transport. */
export default defineAgent({
  id: "logistics",
  description: "Chooses the cheapest way to get all parts, and says what the fastest would cost.",
  skills: {
    choose: skill({
      effect: "read",
      input: z.strictObject({
        deficit: z.array(deficitLineSchema).max(1000),
        offers: z.array(offerSchema).max(100),
        allowed: z.array(idSchema),
        shipping: z.enum(shippings).exactOptional(),
      }),
      output: z.strictObject({
        orders: z.array(plannedOrderSchema),
        total: moneySchema,
        tradeOff: z.string(),
      }),
      run: async (context, input) => {
        const { choose } = await import("./logistics/choose.ts");
        return choose(context, input);
      },
    }),
  },
});
