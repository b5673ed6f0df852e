import { z } from "zod";
import { defineAgent, skill } from "../src/define-agent.ts";
import { idSchema, lineSchema } from "../src/plan/plan-schema.ts";
import { deficitLineSchema } from "../src/plan/sourcing-schema.ts";

/** Production specifications: which parts a number of products takes. */
export default defineAgent({
  id: "blueprint",
  description: "Explodes multi-level bills of material into the exact parts needed.",
  skills: {
    explode: skill({
      effect: "read",
      input: z.strictObject({
        item: idSchema,
        quantity: z.string().regex(/^[1-9]\d{0,6}$/, 'must be a whole number such as "50"'),
      }),
      output: z.strictObject({
        itemName: lineSchema(200),
        revision: idSchema,
        parts: z.array(deficitLineSchema).min(1),
      }),
      run: async (context, { item, quantity }) => {
        const { explode } = await import("./blueprint/explode.ts");
        return explode(context.books, item, quantity);
      },
    }),
  },
});
