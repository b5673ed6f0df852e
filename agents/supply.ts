import { z } from "zod";
import { defineAgent, skill } from "../src/define-agent.ts";
import { AppError } from "../src/errors.ts";
import { idSchema, moneySchema } from "../src/plan/plan-schema.ts";
import { deficitLineSchema, offerSchema } from "../src/plan/sourcing-schema.ts";

/** Asks wholesalers for offers, and places orders with them under a mandate. */
export default defineAgent({
  id: "supply",
  description: "Requests offers from all wholesalers in parallel and places the orders of an approved plan.",
  skills: {
    "request-offers": skill({
      effect: "read",
      input: z.strictObject({
        deficit: z.array(deficitLineSchema).max(1000),
        country: z.string().regex(/^[A-Z]{2}$/),
        exclude: z.array(idSchema),
      }),
      output: z.strictObject({
        offers: z.array(offerSchema),
        unavailable: z.array(z.strictObject({ supplier: idSchema, reason: z.string() })),
        /** No cover by these offers costs less, in the company's currency; freight not counted. */
        estimate: moneySchema,
      }),
      run: async (context, input) => {
        const { requestOffers } = await import("./supply/request-offers.ts");
        return requestOffers(context, input);
      },
    }),
    "place-orders": skill({
      effect: "irreversible",
      requires: "mandate",
      reconcile: "find-orders",
      byHand:
        "Ask the wholesalers by telephone for the orders of this run; cancel with them what was placed and must not stand.",
      // Nothing is taken from a request: the verified mandate says it all.
      input: z.unknown(),
      output: z.strictObject({
        placed: z.array(
          z.strictObject({
            order: idSchema,
            supplier: idSchema,
            supplierReference: z.string(),
            usedFallback: z.boolean(),
          }),
        ),
      }),
      run: async (context, _input, mandate) => {
        if (mandate === null) {
          throw new AppError("mandate-missing", "place-orders takes a verified mandate and got none");
        }
        const { placeOrders } = await import("./supply/place-orders.ts");
        return { placed: [...(await placeOrders(context, mandate))] };
      },
    }),
    "find-orders": skill({
      // It only asks, but writes down between the questions what it was told.
      effect: "irreversible",
      input: z.strictObject({}),
      output: z.strictObject({ notPlaced: z.array(idSchema) }),
      run: async (context) => {
        const { findOrders } = await import("./supply/find-orders.ts");
        return { notPlaced: [...(await findOrders(context))] };
      },
    }),
  },
});
