import { z } from "zod";
import { defineAgent, skill } from "../src/define-agent.ts";
import { AppError } from "../src/errors.ts";
import { idSchema, planDocumentSchema } from "../src/plan/plan-schema.ts";

const placedSchema = z.array(
  z.strictObject({
    order: idSchema,
    supplier: idSchema,
    supplierReference: z.string().max(200),
    usedFallback: z.boolean(),
  }),
);
const differencesSchema = z.array(
  z.strictObject({ order: idSchema, field: z.string(), expected: z.string(), found: z.string() }),
);

/** After the order: what suppliers confirm and invoice must be what was approved, to the last digit. */
export default defineAgent({
  id: "validation",
  description: "Compares confirmations and invoices with the approved plan and names every difference.",
  skills: {
    // Two skills, because waiting for suppliers must not hold a transaction of the books open.
    "check-documents": skill({
      effect: "read",
      input: z.strictObject({ plan: planDocumentSchema, placed: placedSchema }),
      output: z.strictObject({ documents: z.int().min(0), differences: differencesSchema }),
      run: async (context, input) => {
        const { checkDocuments } = await import("./validation/check-documents.ts");
        return checkDocuments(context, input);
      },
      // Nobody confirms or invoices what was never ordered.
      shadow: async () => ({ documents: 0, differences: [] }),
    }),
    "mark-orders": skill({
      effect: "write",
      input: z.strictObject({ placed: placedSchema, differences: differencesSchema }),
      output: z.strictObject({ confirmed: z.array(idSchema), mismatched: z.array(idSchema) }),
      run: async ({ books, subject }, { placed, differences }) => {
        const confirmed: string[] = [];
        const mismatched: string[] = [];
        for (const { order } of placed) {
          const differs = differences.some((each) => each.order === order);
          const status = differs ? "mismatch" : "confirmed";
          const row = await books.get("orders", order);
          const known = row?.run === subject.run && (row.status === "placed" || row.status === status);
          if (!known || !(await books.update("orders", order, { status }, { status: row.status }))) {
            throw new AppError("order-unknown", `the books have no placed order "${order}" of this run`);
          }
          (differs ? mismatched : confirmed).push(order);
        }
        return { confirmed, mismatched };
      },
    }),
  },
});
