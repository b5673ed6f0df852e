import { z } from "zod";
import { signedCheckpointSchema, witnessInputSchema } from "../src/checkpoint-schema.ts";
import { defineAgent, skill } from "../src/define-agent.ts";
import { idSchema, lineSchema, signedAttestationSchema } from "../src/plan/plan-schema.ts";

/** Trade restrictions, vendor list and procurement policy: nothing is cleared without current lists. */
export default defineAgent({
  id: "compliance",
  description:
    "Checks customers, destinations, items and vendors against the company's lists, and attests plans.",
  skills: {
    "check-order": skill({
      effect: "read",
      input: z.strictObject({ customer: idSchema, item: idSchema }),
      output: z.strictObject({ cleared: z.literal(true), lists: z.array(z.string()) }),
      run: async (context, { customer, item }) => {
        const { checkOrder } = await import("./compliance/attest.ts");
        const { loadScreen } = await import("./compliance/screen.ts");
        const screen = await loadScreen(context);
        await checkOrder(context, screen, customer, [item]);
        return { cleared: true as const, lists: [...screen.lists] };
      },
    }),
    "check-vendors": skill({
      effect: "read",
      input: z.strictObject({
        vendors: z
          .array(z.strictObject({ id: idSchema, name: lineSchema(200), bankAccount: lineSchema(100) }))
          .max(1000),
      }),
      output: z.strictObject({
        allowed: z.array(idSchema),
        refused: z.array(z.strictObject({ id: idSchema, reason: z.string() })),
      }),
      run: async (context, { vendors }) => {
        const { loadScreen } = await import("./compliance/screen.ts");
        const screen = await loadScreen(context);
        const checked = vendors.map((each) => ({ id: each.id, reason: screen.vendor(each) }));
        return {
          allowed: checked.filter((each) => each.reason === undefined).map((each) => each.id),
          refused: checked.flatMap(({ id, reason }) => (reason === undefined ? [] : [{ id, reason }])),
        };
      },
    }),
    attest: skill({
      effect: "read",
      input: z.strictObject({ plan: z.string().min(2).max(2_000_000) }),
      output: signedAttestationSchema,
      run: async (context, { plan }) => {
        const { attest } = await import("./compliance/attest.ts");
        return attest(context, plan);
      },
    }),
    /** Signs the journals of bot and gateway as far as they have come, and refuses one that was changed. */
    witness: skill({
      effect: "write",
      duringFreeze: true,
      callers: ["bot", "gateway"],
      input: witnessInputSchema,
      output: signedCheckpointSchema,
      run: async (context, input) => {
        const { signCheckpoint } = await import("../src/sign-checkpoint.ts");
        return signCheckpoint(context, input, ["bot", "gateway"]);
      },
    }),
  },
});
