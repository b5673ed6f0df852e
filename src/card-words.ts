import type { Money, StepId } from "./domain.ts";
import type { RunView } from "./run-view.ts";

/** Words and pieces that several cards share. */

export const emptyCard = {
  facts: [],
  steps: [],
  tables: [],
  approval: null,
  plan: null,
  undo: null,
  options: [],
} as const;

/** What a run is about, e.g. "50 × Widget for Customer XYZ". */
export function subjectOf({ request, plan: current }: RunView, plan = current?.document): string {
  if (plan !== undefined) {
    return `${plan.request.quantity} × ${plan.itemName} for ${plan.customerName}`;
  }
  return request === null ? "Your request" : `${request.quantity} × ${request.item} for ${request.customer}`;
}

export function moneyText(value: Money): string {
  return `${value.amount} ${value.currency}`;
}
/** "orderCompliance" → "Order compliance" */
export function stepLabel(id: StepId): string {
  const words = id
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll("-", " ")
    .toLowerCase();
  return words === "crm" ? "CRM" : words.replace(/^./, (first) => first.toUpperCase());
}
