import type { OrderRow } from "../../src/book-rows.ts";
import type { VerifiedMandate } from "../../src/define-agent.ts";
import type { PlannedOrder } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { Policy } from "../../src/policy-types.ts";
import type { Books } from "../../src/ports.ts";
import { usableWholesaler } from "./usable-wholesaler.ts";

/**
 * Books orders as intended, all or none: refuses with "ceiling-exceeded" when, with them, today's orders of the
 * approver or of a vendor, those alone that were not countersigned, would exceed the policy's ceilings, with "supplier-changed" or "vendor-refused" when a
 * supplier must not be bought from any more. Runs inside one transaction; orders already in the books
 * are counted but not booked again. Returns the ids it booked.
 */
export async function intendOrders(
  books: Books,
  orders: readonly PlannedOrder[],
  {
    mandate,
    policy,
    now,
  }: {
    readonly mandate: VerifiedMandate;
    readonly policy: Policy;
    readonly now: number;
  },
): Promise<ReadonlySet<string>> {
  const { canonicalJson } = await import("../../src/canonical.ts");
  const { isoDay } = await import("../../src/plan/exchange.ts");
  const approvers = mandate.decidedBy;
  if (approvers.length === 0) {
    throw new AppError("mandate-incomplete", "the mandate names nobody who decided");
  }
  const today = isoDay(now);
  const vendors = [...new Set(orders.map((order) => order.supplier))].toSorted();
  await lock(books, vendors, approvers);
  const intended = new Set<string>();
  for (const order of orders) {
    const known = await books.get("orders", order.id);
    if (known === undefined) {
      await usableWholesaler(books, order, today);
      await books.insert("orders", {
        id: order.id,
        run: mandate.plan.run,
        wholesaler: order.supplier,
        status: "intended",
        currency: order.currency,
        total: order.total.amount,
        supplierReference: "",
        placedOn: today,
        document: canonicalJson(order),
        decidedBy: approvers.join(";"),
        assurance: mandate.assurance,
      });
      intended.add(order.id);
    } else if (known.document !== canonicalJson(order)) {
      throw new AppError("order-conflict", `order "${order.id}" is in the books with other contents`);
    }
  }
  // What people signed themselves needs no limit against those who claim clicks.
  if (intended.size > 0 && mandate.assurance !== "countersigned") {
    const rows = (await books.find("orders", { placedOn: today })).filter(
      (row) => row.status !== "failed" && row.assurance !== "countersigned",
    );
    const { perApproverPerDay, perVendorPerDay } = policy.ceilings;
    for (const approver of approvers) {
      const byApprover = rows.filter((row) => row.decidedBy.split(";").includes(approver));
      await assertBelow(books, byApprover, perApproverPerDay, { policy, now, who: `approver "${approver}"` });
    }
    for (const vendor of vendors) {
      const byVendor = rows.filter((row) => row.wholesaler === vendor);
      await assertBelow(books, byVendor, perVendorPerDay, { policy, now, who: `vendor "${vendor}"` });
    }
  }
  return intended;
}

async function assertBelow(
  books: Books,
  rows: readonly OrderRow[],
  ceiling: Policy["ceilings"]["perVendorPerDay"],
  { policy, now, who }: { readonly policy: Policy; readonly now: number; readonly who: string },
): Promise<void> {
  const { exchangeFrom } = await import("../../src/plan/exchange.ts");
  const { decimal, sumMoney } = await import("../../src/money.ts");
  const exchange = exchangeFrom(books, policy, now);
  const amounts: { readonly amount: string; readonly currency: string }[] = [];
  for (const row of rows) {
    amounts.push(
      await exchange.convert({ amount: row.total, currency: row.currency }, policy.companyCurrency),
    );
  }
  const sum = sumMoney(amounts, policy.companyCurrency);
  const limit = await exchange.convert(ceiling, policy.companyCurrency);
  if (decimal(sum.amount).gt(decimal(limit.amount))) {
    throw new AppError(
      "ceiling-exceeded",
      `${who} would reach ${sum.amount} ${sum.currency} today, the policy's ceiling is ${limit.amount}`,
    );
  }
}

/** Updates without a change are locks: of two runs that count the same ceilings, one waits for the other's commit. */
async function lock(books: Books, vendors: readonly string[], approvers: readonly string[]): Promise<void> {
  for (const id of vendors) {
    const row = await books.get("wholesalers", id);
    if (row === undefined || !(await books.update("wholesalers", id, {}))) {
      throw new AppError("supplier-changed", `the books have no wholesaler "${id}" any more`);
    }
  }
  for (const approver of approvers.toSorted()) {
    if ((await books.get("people", approver)) !== undefined) {
      await books.update("people", approver, {});
    }
  }
}
