import { z, type ZodType } from "zod";
import type { BookKind, BookRow } from "../../src/book-rows.ts";
import { AppError } from "../../src/errors.ts";
import { minorDigits } from "../../src/money.ts";
import { isCountry, isEmail, isUrl, type Column } from "./books-column.ts";
import { bookColumns, bookKinds } from "./books-kinds.ts";

/** What is wrong with one field of a row. */
export interface RowProblem {
  readonly field: string;
  readonly value: string;
  readonly expected: string;
}
type AnyRow = Readonly<Record<string, string>>;
type RowCheck = (row: AnyRow) => { readonly field: string; readonly expected: string } | undefined;

function composed(...parts: readonly string[]): RowCheck {
  return (row) => {
    const wanted = parts.map((part) => (part.length > 1 ? row[part] : part)).join("");
    return row["id"] === wanted ? undefined : { field: "id", expected: `"${wanted}" (${parts.join("")})` };
  };
}

// Ids made of other fields make a second row about the same thing impossible.
const rowChecks: { readonly [K in BookKind]?: RowCheck } = {
  bom: composed("parent", "@", "parentRevision", "/", "component"),
  prices: composed("wholesaler", "/", "part"),
  freight: composed("wholesaler", "/", "method"),
  commitments: composed("run", "-", "revision", "-", "kind"),
  restrictions: (row) =>
    row["kind"] !== "country" || isCountry(row["value"] ?? "")
      ? undefined
      : { field: "value", expected: 'an ISO 3166 country code such as "KP" for kind country' },
  wholesalers: (row) => {
    const fits = row["protocol"] === "mail" ? isEmail : isUrl;
    return fits(row["endpoint"] ?? "")
      ? undefined
      : {
          field: "endpoint",
          expected: row["protocol"] === "mail" ? "an e-mail address" : 'an http(s) URL or "sandbox:NAME"',
        };
  },
};

function schemaOf<K extends BookKind>(kind: K): ZodType<BookRow<K>> {
  const columns: Readonly<Record<string, Column>> = bookColumns[kind];
  const shape = Object.fromEntries(Object.entries(columns).map(([field, each]) => [field, each.schema]));
  const schema = z.strictObject(shape).superRefine((parsed, context) => {
    const row = parsed as AnyRow;
    const problem = rowChecks[kind]?.(row);
    if (problem !== undefined) {
      context.addIssue({ code: "custom", path: [problem.field], message: problem.expected });
    }
    for (const [field, each] of Object.entries(columns)) {
      const digits = row[field]?.split(".")[1]?.length ?? 0;
      if (each.money && digits > minorDigits(row["currency"] ?? "")) {
        const message = `${each.form}, with at most ${minorDigits(row["currency"] ?? "")} decimals in ${row["currency"]}`;
        context.addIssue({ code: "custom", path: [field], message });
      }
    }
  });
  // The shape was made from `Columns<K>`, whose outputs are the fields of BookRow<K>.
  return schema as unknown as ZodType<BookRow<K>>;
}

/** One schema per kind: strict formats, no unknown fields, ids that are made of other fields agree with them. */
export const bookSchemas = Object.fromEntries(bookKinds.map((kind) => [kind, schemaOf(kind)])) as {
  readonly [K in BookKind]: ZodType<BookRow<K>>;
};

/** What is wrong with a row of a kind; nothing when it may be stored. */
export function rowProblems(kind: BookKind, row: AnyRow): readonly RowProblem[] {
  const parsed = bookSchemas[kind].safeParse(row);
  if (parsed.success) {
    return [];
  }
  return parsed.error.issues.map((issue) => {
    const field = String(issue.path[0] ?? "(row)");
    return { field, value: row[field] ?? "", expected: issue.message };
  });
}

/** The row, checked; fails with code "bad-row" naming the first wrong field. */
export function checkedRow<K extends BookKind>(kind: K, row: BookRow<K>): BookRow<K> {
  const problem = rowProblems(kind, { ...row })[0];
  if (problem !== undefined) {
    throw new AppError(
      "bad-row",
      `${kind} "${row.id}": ${problem.field} is "${problem.value.slice(0, 80)}", expected ${problem.expected}`,
    );
  }
  return row;
}

/** A row keeps its id: fails with code "bad-row" when a change has another one. */
export function refuseOtherId<K extends BookKind>(kind: K, id: string, change: Partial<BookRow<K>>): void {
  if (change.id !== undefined && change.id !== id) {
    throw new AppError("bad-row", `${kind} "${id}": an id never changes; insert another row instead`);
  }
}

/** The kind of this name; fails with code "unknown-kind" that lists them. */
export function bookKind(name: string): BookKind {
  const kind = bookKinds.find((each) => each === name);
  if (kind === undefined) {
    throw new AppError(
      "unknown-kind",
      `the books have no kind "${name.slice(0, 40)}"; kinds: ${bookKinds.join(", ")}`,
    );
  }
  return kind;
}

/** The columns of a kind, in order, as `import --columns` explains them. */
export function kindColumns(kind: BookKind): readonly (Column & { readonly name: string })[] {
  const columns: Readonly<Record<string, Column>> = bookColumns[kind];
  return Object.entries(columns).map(([name, each]) => ({ name, ...each }));
}
