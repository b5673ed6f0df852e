import { z } from "zod";
import { defineAgent, skill } from "../src/define-agent.ts";
import { AppError } from "../src/errors.ts";
import {
  addressSchema,
  idSchema,
  lineSchema,
  moneySchema,
  quantitySchema,
  signedAttestationSchema,
} from "../src/plan/plan-schema.ts";

/** Customer credit and project budget: checks, holds, releases, and attests plans by the company's own figures. */
export default defineAgent({
  id: "financial",
  description: "Checks customer credit and project budgets, holds both, and attests plans.",
  skills: {
    "check-credit": skill({
      effect: "write",
      undo: "release-credit",
      byHand: "Have finance release what is held of the customer's credit for this run.",
      input: z.strictObject({ customer: idSchema, item: idSchema, quantity: quantitySchema }),
      output: z.strictObject({
        customerName: lineSchema(200),
        project: idSchema,
        shipTo: addressSchema,
        /** What the customer would owe with this order and all that is held for others. */
        exposure: moneySchema,
        limit: moneySchema,
      }),
      run: async (context, { customer: id, item: itemId, quantity }) => {
        const { holdCredit } = await import("./financial/holds.ts");
        const { money, decimal } = await import("../src/money.ts");
        const item = await context.books.get("items", itemId);
        if (item === undefined || item.active !== "yes") {
          throw new AppError("unknown-item", `the books have no active item "${itemId}"`);
        }
        if (item.kind !== "product" || item.listPrice === "") {
          throw new AppError(
            "not-sold",
            `item "${itemId}" is not sold: it is a ${item.kind} or has no price`,
          );
        }
        const amount = money(decimal(item.listPrice).times(decimal(quantity)), item.currency);
        const { customer, exposure, limit } = await holdCredit(context, id, amount);
        if (customer.defaultProject === "") {
          throw new AppError("no-project", `customer "${id}" has no project in the books to order for`);
        }
        const { name, street, city, postcode, country } = customer;
        return {
          customerName: name,
          project: customer.defaultProject,
          shipTo: { name, street, city, postcode, country },
          exposure,
          limit,
        };
      },
    }),
    "release-credit": skill({
      effect: "write",
      input: z.strictObject({}),
      output: z.strictObject({ released: z.boolean() }),
      run: async (context) => {
        const { release } = await import("./financial/holds.ts");
        return { released: await release(context, "credit") };
      },
    }),
    "check-budget": skill({
      effect: "write",
      undo: "release-budget",
      byHand: "Have finance release what is held of the project's budget for this run.",
      input: z.strictObject({ project: idSchema, amount: moneySchema }),
      /** What this run may spend from the project, in the company's currency. */
      output: z.strictObject({ available: moneySchema }),
      run: async (context, { project, amount }) => {
        const { holdBudget } = await import("./financial/holds.ts");
        return { available: await holdBudget(context, project, amount) };
      },
    }),
    "release-budget": skill({
      effect: "write",
      input: z.strictObject({}),
      output: z.strictObject({ released: z.boolean() }),
      run: async (context) => {
        const { release } = await import("./financial/holds.ts");
        return { released: await release(context, "budget") };
      },
    }),
    attest: skill({
      effect: "write",
      input: z.strictObject({ plan: z.string().min(2).max(2_000_000) }),
      output: signedAttestationSchema,
      run: async (context, { plan }) => {
        const { attest } = await import("./financial/attest.ts");
        return attest(context, plan);
      },
    }),
  },
});
