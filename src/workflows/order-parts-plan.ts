import type { Fallback, Money, PlanDocument, PlannedOrder } from "../domain.ts";
import type { RunFacts } from "../define-step.ts";

/** What the steps before the plan found out. */
export interface PlanParts {
  readonly run: RunFacts;
  readonly workflow: PlanDocument["workflow"];
  readonly request: PlanDocument["request"];
  readonly credit: Pick<PlanDocument, "customerName" | "project" | "shipTo">;
  readonly itemName: string;
  readonly choice: {
    readonly orders: readonly PlannedOrder[];
    readonly total: Money;
    readonly tradeOff: string;
  };
  readonly quote: PlanDocument["quote"];
  readonly fallbacks: readonly Fallback[];
  /** What was not in stock, also where it is not bought. */
  readonly deficit: readonly { readonly part: string }[];
  /** How many parts were reserved from stock. */
  readonly reserved: number;
}

type Edited = Pick<RunFacts, "edit">;

/** The request as somebody changed it. */
export function asked<T extends PlanDocument["request"]>(input: T, { edit }: Edited): T {
  return edit?.quantity === undefined ? input : { ...input, quantity: edit.quantity };
}
/** What is missing and not left out. */
export function toBuy<T extends { readonly part: string }>(deficit: readonly T[], run: Edited): T[] {
  return deficit.filter(({ part }) => !isLeftOut(part, run));
}
/** The suppliers that compliance allows, of those that somebody chose. */
export function buyFrom(allowed: readonly string[], { edit }: Edited): string[] {
  return allowed.filter((supplier) => edit?.suppliers?.includes(supplier) ?? true);
}
function isLeftOut(part: string, { edit }: Edited): boolean {
  return edit?.leaveOut?.includes(part) === true;
}

const weekMs = 7 * 86_400_000;

/** The plan document: everything that will happen on yes. Pure: the same parts give the same bytes. */
export function assemblePlan(parts: PlanParts): PlanDocument {
  const { run, workflow, request, credit, choice, quote, fallbacks } = parts;
  const leftOut = parts.deficit.map(({ part }) => part).filter((part) => isLeftOut(part, run));
  return {
    schema: "countersign/plan/1",
    run: run.id,
    revision: run.revision,
    workflow,
    requester: run.requester,
    ...(run.editors === undefined ? {} : { editors: run.editors }),
    ...(leftOut.length === 0 ? {} : { leftOut }),
    request,
    customerName: credit.customerName,
    itemName: parts.itemName,
    project: credit.project,
    shipTo: credit.shipTo,
    orders: choice.orders,
    total: choice.total,
    tradeOff: choice.tradeOff,
    quote: { total: quote.total, marginPercent: quote.marginPercent },
    fallbacks,
    effects: effectsOf(parts),
    policySerial: run.policySerial,
    ...(run.shadow === undefined ? {} : { shadow: run.shadow }),
    validUntil: validUntil(run.at, choice.orders, fallbacks),
  };
}

/** Until the end of the day (UTC) on which the first offer used ends, but at most a week. */
function validUntil(at: string, orders: readonly PlannedOrder[], fallbacks: readonly Fallback[]): string {
  const replacements = fallbacks.flatMap((each) => (each.action === "alternative" ? [each.replacement] : []));
  const ends = [...orders, ...replacements].map((order) => Date.parse(`${order.validUntil}T23:59:59.999Z`));
  return new Date(Math.min(Date.parse(at) + weekMs, ...ends)).toISOString();
}

function effectsOf({ choice, credit, quote, fallbacks, reserved }: PlanParts): PlanDocument["effects"] {
  const { orders, total } = choice;
  const hasAlternative = fallbacks.some((each) => each.action === "alternative");
  const suppliers = new Set(orders.map((order) => order.supplier)).size;
  const effects: PlanDocument["effects"][number][] = [
    {
      step: "credit",
      description: `${quote.total.amount} ${quote.total.currency} of the credit of ${credit.customerName} stay held`,
      reversibility: "compensable",
    },
    {
      step: "budget",
      description:
        `${total.amount} ${total.currency} of the budget of project ${credit.project} stay held` +
        (hasAlternative ? ", and what its dearest alternatives cost more" : ""),
      reversibility: "compensable",
    },
  ];
  if (reserved > 0) {
    effects.push({
      step: "reserve",
      description: `${reserved} ${reserved === 1 ? "part stays" : "parts stay"} reserved in stock`,
      reversibility: "compensable",
    });
  }
  effects.push(
    orders.length === 0
      ? {
          step: "orders",
          description: "Nothing is ordered: all parts are in stock",
          reversibility: "reversible",
        }
      : {
          step: "orders",
          description:
            `${orders.length} ${orders.length === 1 ? "order is" : "orders are"} placed with ` +
            `${suppliers} ${suppliers === 1 ? "supplier" : "suppliers"} for ${total.amount} ${total.currency}`,
          reversibility: "irreversible",
        },
    {
      step: "crm",
      description: `The quote and the projected delivery are noted with ${credit.customerName} in the CRM`,
      reversibility: "compensable",
    },
  );
  return effects;
}

/** The day on which the last of the placed orders is expected; the run's own day when nothing was ordered. */
export function projectedDelivery(
  plan: Pick<PlanDocument, "orders" | "fallbacks">,
  placed: readonly { readonly order: string }[],
  at: string,
): string {
  const replacements = plan.fallbacks.flatMap((each) =>
    each.action === "alternative" ? [each.replacement] : [],
  );
  return [...plan.orders, ...replacements]
    .filter((order) => placed.some((each) => each.order === order.id))
    .map((order) => order.expectedDelivery)
    .reduce((latest, day) => (day > latest ? day : latest), at.slice(0, 10));
}
