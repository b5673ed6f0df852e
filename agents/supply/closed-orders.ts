import { z } from "zod";
import type { OrderRow } from "../../src/book-rows.ts";
import type { SkillContext } from "../../src/define-agent.ts";
import { AppError } from "../../src/errors.ts";
import type { MessageSubject } from "../../src/link-types.ts";
import type { Books } from "../../src/ports.ts";

/** The mark in the books that nothing of a revision of a run is ordered any more, whoever still wants to. */

const markSchema = z.object({ closedAt: z.iso.datetime() });
type Which = Pick<MessageSubject, "run" | "revision">;

/** Sets the mark, once, inside a transaction. Returns since when it stands, and the orders that are in the books. */
export async function closeOrders(
  books: Books,
  { subject, clock, trust }: Pick<SkillContext, "subject" | "clock" | "trust">,
): Promise<{ readonly closedAt: number; readonly orders: readonly OrderRow[] }> {
  const { canonicalJson } = await import("../../src/canonical.ts");
  const known = await books.get("orders", markOf(subject));
  if (known === undefined) {
    await books.insert("orders", {
      id: markOf(subject),
      run: subject.run,
      wholesaler: "",
      status: "failed",
      currency: trust.policy.companyCurrency,
      total: "0",
      supplierReference: "",
      placedOn: "",
      document: canonicalJson({ closedAt: new Date(clock.now()).toISOString() }),
      decidedBy: "",
      assurance: "clicked",
    });
  }
  const rows = (await books.find("orders", { run: subject.run })).filter(
    ({ id }) => id !== markOf(subject) && id.startsWith(`${subject.run}-${subject.revision}-`),
  );
  const orders = rows.map((row): OrderRow => (row.status === "unsent" ? { ...row, status: "failed" } : row));
  for (const { id } of rows.filter(({ status }) => status === "unsent")) {
    await books.update("orders", id, { status: "failed" }, { status: "unsent" });
  }
  return { closedAt: known === undefined ? clock.now() : closedAtOf(known), orders };
}

/** Fails with "orders-closed" where the mark stands. */
export async function assertOpen(books: Pick<Books, "get">, which: Which): Promise<void> {
  if ((await books.get("orders", markOf(which))) !== undefined) {
    throw new AppError(
      "orders-closed",
      `revision ${which.revision} of run "${which.run}" was ended: nothing of it is ordered any more`,
    );
  }
}

function markOf({ run, revision }: Which): string {
  return `${run}-${revision}-closed`;
}
function closedAtOf({ document }: OrderRow): number {
  return Date.parse(markSchema.parse(JSON.parse(document)).closedAt);
}
