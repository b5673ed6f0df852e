import { z } from "zod";
import { defineAgent, skill } from "../src/define-agent.ts";
import { idSchema, quantitySchema } from "../src/plan/plan-schema.ts";
import { deficitLineSchema } from "../src/plan/sourcing-schema.ts";

const neededSchema = z.strictObject({ parts: z.array(deficitLineSchema).max(2000) });
const deficitSchema = z.array(deficitLineSchema);

/** Stock and reservations: what is free, what is missing, and who holds what. */
export default defineAgent({
  id: "inventory",
  description: "Knows the stock, reserves parts of it for a run and says what is missing.",
  skills: {
    deficit: skill({
      effect: "read",
      input: neededSchema,
      output: z.strictObject({ deficit: deficitSchema }),
      run: async (context, { parts }) => {
        const { missing } = await import("./inventory/stock.ts");
        return { deficit: await missing(context, parts) };
      },
    }),
    reserve: skill({
      effect: "write",
      undo: "release",
      byHand:
        "Set the reservations of this run to “released” in the books (`countersign books reservations`).",
      input: neededSchema,
      output: z.strictObject({
        reserved: z.array(z.strictObject({ part: idSchema, quantity: quantitySchema })),
        /** max(0, need − (stock − reserved by other runs)), by part. */
        deficit: deficitSchema,
      }),
      run: async (context, { parts }) => {
        const { reserve } = await import("./inventory/stock.ts");
        return reserve(context, parts);
      },
    }),
    release: skill({
      effect: "write",
      input: z.strictObject({}),
      output: z.strictObject({ released: z.int().min(0) }),
      run: async (context) => {
        const { release } = await import("./inventory/stock.ts");
        return { released: await release(context) };
      },
    }),
  },
});
