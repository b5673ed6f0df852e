import { z } from "zod";
import type { RunDetail } from "../../../src/desk-types.ts";
import { planDocumentSchema } from "../../../src/plan/plan-schema.ts";
import { aligned, type TextFile } from "./plan-file.ts";
import { line, paragraph } from "./safe-text.ts";

const wording = z.object({ text: z.string().min(1) });

/**
 * The quote of a completed run as a text file for the customer: its wording and figures, nothing of costs, margin or
 * suppliers. Undefined where there is none.
 */
export function quoteFile(run: RunDetail): TextFile | undefined {
  const plan = planDocumentSchema.safeParse(run.plan?.document).data;
  if (plan === undefined || run.status !== "completed") {
    return undefined;
  }
  const { request, quote } = plan;
  const text = wording.safeParse(run.steps.find((step) => step.id === "quote")?.output).data?.text;
  const delivery = plan.orders
    .map((order) => order.expectedDelivery)
    .toSorted()
    .at(-1);
  const title = line(`Quote: ${request.quantity} × ${plan.itemName} for ${plan.customerName}`, 200);
  const facts = [
    ["Customer:", plan.customerName],
    ["Item:", plan.itemName],
    ["Quantity:", request.quantity],
    ...(delivery === undefined ? [] : [["Delivery:", delivery]]),
    ["Total:", `${quote.total.amount} ${quote.total.currency}`],
    ["Date:", new Date(run.updatedAt).toISOString().slice(0, 10)],
    ["Reference:", run.id],
  ].map(([label = "", value = ""]) => [label, line(value, 200)]);
  const content = [
    title,
    "",
    ...(text === undefined ? [] : [paragraph(text, 4000), ""]),
    ...aligned([], facts),
  ];
  return { name: `quote-${line(run.id, 80)}.txt`, title, content: `${content.join("\n")}\n` };
}
