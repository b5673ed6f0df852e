import { z } from "zod";
import { defineAgent, skill } from "../src/define-agent.ts";
import { AppError } from "../src/errors.ts";
import { daySchema, idSchema, lineSchema, moneySchema } from "../src/plan/plan-schema.ts";

const recordedSchema = z.strictObject({ activity: idSchema });
const statusSchema = z.enum(["running", "waiting", "compensating", "completed", "failed", "cancelled"]);

/** What the sales people see: an entry per order and per change of a run's status. */
export default defineAgent({
  id: "crm",
  description: "Records order status, projected delivery and quote with the customer.",
  skills: {
    /** One entry per run and revision, however often it is asked for. */
    record: skill({
      effect: "write",
      input: z.strictObject({
        customer: idSchema,
        status: lineSchema(200),
        quote: z.strictObject({ total: moneySchema, text: z.string().max(20_000) }),
        projectedDelivery: daySchema,
      }),
      output: recordedSchema,
      run: async ({ books, clock, subject }, { customer, status, quote, projectedDelivery }) => {
        const { run, revision } = subject;
        if ((await books.get("customers", customer)) === undefined) {
          throw new AppError("unknown-customer", `the books have no customer "${customer}"`);
        }
        const id = `${run}-${revision}-order`;
        if ((await books.get("activities", id)) === undefined) {
          await books.insert("activities", {
            id,
            run,
            customer,
            status,
            text: quote.text,
            projectedDelivery,
            quoteTotal: quote.total.amount,
            currency: quote.total.currency,
            at: new Date(clock.now()).toISOString(),
          });
        }
        return { activity: id };
      },
    }),
    /** One entry per notice: status notices are counted by their attempt. */
    "record-status": skill({
      effect: "write",
      input: z.strictObject({
        status: statusSchema,
        reason: z.string().max(1000).nullable(),
        /** Unknown as long as the request is not understood. */
        customer: idSchema.nullable().optional(),
      }),
      output: recordedSchema,
      run: async ({ books, clock, subject, trust }, { status, reason, customer }) => {
        const { run, revision, attempt } = subject;
        const id = `${run}-${revision}-${status}-${attempt}`;
        if ((await books.get("activities", id)) === undefined) {
          await books.insert("activities", {
            id,
            run,
            customer: customer ?? "",
            status,
            text: reason === null ? `Run ${run} is ${status}.` : `Run ${run} is ${status}: ${reason}.`,
            projectedDelivery: "",
            quoteTotal: "",
            currency: trust.policy.companyCurrency,
            at: new Date(clock.now()).toISOString(),
          });
        }
        return { activity: id };
      },
    }),
  },
});
