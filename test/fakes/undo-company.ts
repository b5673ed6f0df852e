import type { Catalogue, WholesalerId } from "../../src/sandbox/company/catalogues.ts";
import { orderWorld } from "./order-world.ts";

/** The small company of the agents' tests, buying from wholesalers of the sandbox. */

const wholesalers: Readonly<Record<string, WholesalerId>> = {
  alpha: "alpine-parts",
  beta: "cobalt",
  gamma: "deltaline",
};
export const undoWholesalers = Object.values(wholesalers);

export function companyRows(): ReturnType<typeof orderWorld> {
  const text = Object.entries(wholesalers).reduce(
    (rows, [from, to]) => rows.replaceAll(`"${from}"`, `"${to}"`).replaceAll(`"${from}/`, `"${to}/`),
    JSON.stringify(orderWorld()),
  );
  const rows = JSON.parse(text) as ReturnType<typeof orderWorld>;
  return {
    ...rows,
    wholesalers: rows.wholesalers.map((row) => ({
      ...row,
      protocol: row.id === "alpine-parts" ? "json" : "ubl",
      endpoint: `sandbox:${row.id}`,
    })),
  };
}
export function cataloguesOf(rows: ReturnType<typeof orderWorld>): Readonly<Record<string, Catalogue>> {
  return Object.fromEntries(
    rows.wholesalers.map(({ id, name, currency, bankAccount }) => [
      id,
      { name, currency, bankAccount, taxPercent: "0", parts: [] },
    ]),
  );
}
