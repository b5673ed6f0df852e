import type { Wholesaler } from "../../src/book-rows.ts";
import type { PlannedOrder } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { Books } from "../../src/ports.ts";

/**
 * The wholesaler of a planned order, if it may still be bought from: days may lie between attestation and decision.
 * Fails with "supplier-changed" when it is inactive or has another bank account than in the plan, with
 * "vendor-refused" when compliance's list approves it no more.
 */
export async function usableWholesaler(
  books: Books,
  { supplier, bankAccount }: PlannedOrder,
  today: string,
): Promise<Wholesaler> {
  const wholesaler = await books.get("wholesalers", supplier);
  if (wholesaler?.active !== "yes" || wholesaler.bankAccount !== bankAccount) {
    throw new AppError(
      "supplier-changed",
      `wholesaler "${supplier}" is no longer active or has another bank account than in the plan`,
    );
  }
  const vendor = await books.get("vendors", supplier);
  const sameAccount = vendor !== undefined && compact(vendor.bankAccount) === compact(bankAccount);
  if (vendor?.status !== "approved" || vendor.approvedUntil < today || !sameAccount) {
    throw new AppError(
      "vendor-refused",
      `vendor "${supplier}" is no longer approved, or with another bank account than in the plan`,
    );
  }
  return wholesaler;
}

function compact(account: string): string {
  return account.replaceAll(/\s/g, "").toUpperCase();
}
