import { readAccounts } from "../../src/accounts.ts";
import type { BookKind, BookRow } from "../../src/book-rows.ts";
import type { Books } from "../../src/ports.ts";
import { kindColumns, type RowProblem } from "./books-schema.ts";

/** What is wrong with a row in view of other rows of the books. */
export type ReferenceCheck = (row: Readonly<Record<string, string>>) => readonly RowProblem[];

/** A check of a kind's references against the books as they are now. */
export async function referenceCheck(books: Books, kind: BookKind): Promise<ReferenceCheck> {
  const columns = kindColumns(kind);
  const known = new Map<BookKind, ReadonlySet<string>>();
  for (const { references } of columns) {
    if (references !== undefined && !known.has(references)) {
      known.set(references, new Set((await books.find(references)).map((each) => each.id)));
    }
  }
  const unitProblem = await unitCheck(books, kind);
  return (row) => {
    const problems = columns.flatMap(({ name, references, optional, form }): RowProblem[] => {
      const value = row[name] ?? "";
      const fine =
        references === undefined || (optional && value === "") || known.get(references)?.has(value);
      return fine === true ? [] : [{ field: name, value, expected: `${form} (there is none with this id)` }];
    });
    return problems.length > 0 ? problems : unitProblem(row);
  };
}

/** A check that no account is two people's once these rows, all of the kind, are in the books. */
export function accountCheck(
  kind: BookKind,
  rows: Iterable<Readonly<Record<string, string>>>,
): ReferenceCheck {
  if (kind !== "people") {
    return () => [];
  }
  const owners = new Map<string, string[]>();
  for (const { id = "", accounts = "" } of rows) {
    for (const account of readAccounts(accounts)) {
      owners.set(account, [...(owners.get(account) ?? []), id]);
    }
  }
  return ({ accounts = "" }) =>
    readAccounts(accounts).flatMap((account): RowProblem[] => {
      const found = owners.get(account) ?? [];
      const named = found.map((id) => `"${id}"`).join(" and ");
      return found.length < 2
        ? []
        : [{ field: "accounts", value: account, expected: `an account of one person: it is at ${named}` }];
    });
}

// Quantities of a part are compared and added everywhere, so all of them must be in the item's own unit.
const partFields: { readonly [K in BookKind]?: string } = { bom: "component", stock: "id" };

async function unitCheck(books: Books, kind: BookKind): Promise<ReferenceCheck> {
  const field = partFields[kind];
  if (field === undefined) {
    return () => [];
  }
  const items: readonly BookRow<"items">[] = await books.find("items");
  const units = new Map(items.map((item) => [item.id, item.unit]));
  return (row) => {
    const unit = units.get(row[field] ?? "");
    return unit === row["unit"]
      ? []
      : [
          {
            field: "unit",
            value: row["unit"] ?? "",
            expected: `"${unit}", the unit of item "${row[field]}"`,
          },
        ];
  };
}
