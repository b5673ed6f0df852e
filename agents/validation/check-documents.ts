import type { SkillContext } from "../../src/define-agent.ts";
import type { PlanDocument, PlannedOrder } from "../../src/domain.ts";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import type { SupplierDocument } from "../../src/supplier-types.ts";
import { withDeadline } from "../../src/with-deadline.ts";
import { compareDocument, repeatedDocuments, type Difference } from "./compare-document.ts";

/** How long one supplier's documents are waited for. */
const documentsDeadlineMs = 10_000;

interface Placed {
  readonly order: string;
  readonly supplier: string;
  readonly usedFallback: boolean;
}

/**
 * Fetches confirmation and invoice of every placed order, all at once, and compares them with the plan. Fails with
 * "documents-missing", retryable, while one is not there; with "order-unplanned" when an order is not of the plan.
 */
export async function checkDocuments(
  context: SkillContext,
  { plan, placed }: { readonly plan: PlanDocument; readonly placed: readonly Placed[] },
): Promise<{ documents: number; differences: Difference[] }> {
  const planned = placed.map((each) => ({ placed: each, order: plannedOrder(plan, each) }));
  const fetched: {
    readonly order: PlannedOrder;
    readonly documents: Promise<readonly SupplierDocument[]>;
  }[] = [];
  for (const { placed: each, order } of planned) {
    const wholesaler = await context.books.get("wholesalers", each.supplier);
    if (wholesaler === undefined) {
      throw new AppError("supplier-changed", `the books have no wholesaler "${each.supplier}" any more`);
    }
    const system = context.suppliers.open(wholesaler);
    const documents = withDeadline(context.signal, documentsDeadlineMs, (signal) =>
      system.documents(order.id, signal),
    );
    // It is awaited below; until then a failure must not count as unhandled.
    documents.catch(() => undefined);
    fetched.push({ order, documents });
  }
  const differences: Difference[] = [];
  let count = 0;
  for (const { order, documents: coming } of fetched) {
    const documents = await coming.catch((error: unknown) => {
      const { code, retryable } = toErrorInfo(error);
      if (retryable) {
        throw error;
      }
      // What cannot be read cannot agree: a person must see it, and the other orders are still compared.
      const found = `cannot be read (${code})`;
      differences.push({ order: order.id, field: "documents", expected: "confirmation and invoice", found });
      return undefined;
    });
    if (documents === undefined) {
      continue;
    }
    for (const kind of ["confirmation", "invoice"] as const) {
      if (!documents.some((each) => each.kind === kind)) {
        throw new AppError("documents-missing", `the ${kind} of order "${order.id}" has not arrived`, {
          retryable: true,
        });
      }
    }
    count += documents.length;
    for (const document of documents) {
      differences.push(...(await compareDocument(order, plan.shipTo, document)));
    }
    differences.push(...repeatedDocuments(order.id, documents));
  }
  return { documents: count, differences };
}

function plannedOrder(plan: PlanDocument, { order: id, supplier, usedFallback }: Placed): PlannedOrder {
  const replacements = plan.fallbacks.flatMap((each) =>
    each.action === "alternative" ? [each.replacement] : [],
  );
  const found = (usedFallback ? replacements : plan.orders).find((each) => each.id === id);
  if (found?.supplier !== supplier) {
    throw new AppError("order-unplanned", `order "${id}" at "${supplier}" is not one of the plan`);
  }
  return found;
}
