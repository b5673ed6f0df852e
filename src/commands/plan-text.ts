import { z } from "zod";
import type { Json, PlanDocument } from "../domain.ts";
import { table } from "./output.ts";

type Fields = { readonly [key: string]: Json };
const moneySchema = z.strictObject({ amount: z.string(), currency: z.string() });

/**
 * A plan as lines of text in which every single field of it stands: what a person reads before they sign its bytes.
 * Plans hold no control characters (`src/plan/plan-schema.ts`).
 */
export function planText(plan: PlanDocument): readonly string[] {
  return fieldLines(plan as unknown as Fields, "");
}

function fieldLines(fields: Fields, indent: string): readonly string[] {
  return Object.entries(fields).flatMap(([key, each]) => entryLines(label(key), each, indent));
}

function entryLines(name: string, value: Json, indent: string): readonly string[] {
  const short = leafText(value);
  if (short !== undefined) {
    return [`${indent}${name}: ${short}`];
  }
  const inner = `${indent}  `;
  if (!isList(value)) {
    return [`${indent}${name}:`, ...fieldLines(value as Fields, inner)];
  }
  return [
    `${indent}${name}:${value.length === 0 ? " none" : ""}`,
    ...(rowLines(value, inner) ?? value.flatMap((each, index) => entryLines(`${index + 1}`, each, inner))),
  ];
}

/** Several things of the same plain fields stand in one table; undefined for any others. */
function rowLines(list: readonly Json[], indent: string): readonly string[] | undefined {
  const rows = list.map((each) => (leafText(each) === undefined && !isList(each) ? (each as Fields) : {}));
  const columns = Object.keys(rows[0] ?? {});
  const isTable =
    columns.length > 0 &&
    rows.every(
      (row) =>
        Object.keys(row).join() === columns.join() &&
        Object.values(row).every((each) => leafText(each) !== undefined),
    );
  if (!isTable) {
    return undefined;
  }
  const cells = rows.map((row) => columns.map((column) => leafText(row[column] ?? null) ?? ""));
  return table(columns.map(label), cells)
    .split("\n")
    .map((line) => `${indent}${line}`);
}

/** A value that stands on one line; undefined for what has fields of its own. */
function leafText(value: Json): string | undefined {
  if (value === null || typeof value !== "object") {
    return String(value);
  }
  const money = moneySchema.safeParse(value);
  return money.success ? `${money.data.amount} ${money.data.currency}` : undefined;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** "maxUnitPrice" → "max unit price" */
function label(key: string): string {
  return key.replaceAll(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
}
