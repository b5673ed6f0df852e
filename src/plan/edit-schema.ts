import { z, type ZodType } from "zod";
import { roles } from "../domain.ts";
import { type EditPolicy, type PlanEdit, shippings } from "../edit-types.ts";
import { decimalSchema, idSchema } from "./plan-schema.ts";

/** What people may say when they change a plan, and what a policy may say of it. Form only. */

const percentSchema = z.string().regex(/^\d{1,4}(\.\d{1,4})?$/, 'expected percent such as "22.5"');
const wholeSchema = z.string().regex(/^[1-9]\d{0,6}$/, 'expected a whole number such as "60"');
const idsSchema = z.array(idSchema).max(1000);

export const planEditSchema: ZodType<PlanEdit> = z.strictObject({
  quantity: wholeSchema.exactOptional(),
  suppliers: idsSchema.exactOptional(),
  shipping: z.enum(shippings, `expected ${shippings.join(" or ")}`).exactOptional(),
  marginPercent: percentSchema.exactOptional(),
  leaveOut: idsSchema.exactOptional(),
});

export const editPolicySchema: ZodType<EditPolicy> = z.strictObject({
  roles: z.array(z.enum(roles)),
  requester: z.literal(true).exactOptional(),
  quantity: z
    .strictObject({
      mostPercent: decimalSchema.refine((text) => Number(text) >= 1, "expected at least 1 percent"),
    })
    .exactOptional(),
  suppliers: z.literal(true).exactOptional(),
  shipping: z.literal(true).exactOptional(),
  margin: z
    .strictObject({ least: percentSchema, most: percentSchema })
    .refine(({ least, most }) => Number(least) <= Number(most), "expected least to be at most most")
    .exactOptional(),
  lines: z.literal(true).exactOptional(),
});
