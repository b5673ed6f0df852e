import { readFile } from "node:fs/promises";
import { kindColumns, bookKind } from "../../adapters/store/books-schema.ts";
import type { Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { type BooksDesk, booksDesk } from "../processes/books-server.ts";
import { openCompanyBooks } from "../processes/company-books.ts";
import { signedAsDemo } from "../processes/company-kind.ts";
import { controlClient, ifRunning } from "./control-client.ts";
import { answer, answerJson, table, tell } from "./output.ts";

/** Speaks to the agents process when it runs; otherwise opens the books itself, with the demo company if new. */
export async function withBooks<T>(settings: Settings, use: (desk: BooksDesk) => Promise<T>): Promise<T> {
  const client = controlClient(settings.runtime, "agents");
  const running: BooksDesk = {
    rows: async (kind, id) => ((await client.get(bookUrl(kind, id))) as { rows: readonly unknown[] }).rows,
    csv: async (kind, id) => ((await client.get(bookUrl(kind, id, true))) as { csv: string }).csv,
    importCsv: (kind, csv, dryRun) => client.post(`/import/${encodeURIComponent(kind)}`, { csv, dryRun }),
    changeAccounts: async (change, links) => void (await client.post("/people/accounts", { change, links })),
  };
  return ifRunning(
    () => use(running),
    async () => {
      // A company that is signed as nobody's demo is not filled with one.
      const company = await openCompanyBooks(settings, (await signedAsDemo(settings)) ?? true);
      try {
        return await use(booksDesk(company));
      } finally {
        await company.database.close();
      }
    },
  );
}
function bookUrl(kind: string, id: string | undefined, csv = false): string {
  const query = new URLSearchParams();
  if (id !== undefined) {
    query.set("id", id);
  }
  if (csv) {
    query.set("csv", "1");
  }
  return `/books/${encodeURIComponent(kind)}?${query.toString()}`;
}

/** Shows a kind of the books, or one row. */
export async function books(
  settings: Settings,
  kind: string,
  id: string | undefined,
  o: { readonly csv?: boolean; readonly json?: boolean },
): Promise<void> {
  const columns = kindColumns(bookKind(kind)).map((column) => column.name);
  await withBooks(settings, async (desk) => {
    if (o.csv === true) {
      process.stdout.write(await desk.csv(kind, id));
      return;
    }
    const rows = await desk.rows(kind, id);
    if (o.json === true) {
      answerJson(rows);
    } else {
      answer(
        table(
          columns,
          rows.map((row) =>
            columns.map((name) => (row as Readonly<Record<string, string | undefined>>)[name] ?? ""),
          ),
        ),
      );
    }
  });
}

/** Imports a CSV file, all or nothing, or explains the columns. */
export async function importFile(
  settings: Settings,
  kind: string,
  file: string | undefined,
  o: { readonly dryRun?: boolean; readonly columns?: boolean; readonly json?: boolean },
): Promise<void> {
  const known = bookKind(kind);
  if (o.columns === true) {
    const columns = kindColumns(known);
    if (o.json === true) {
      answerJson(columns.map(({ name, form, example }) => ({ name, form, example })));
    } else {
      answer(
        table(
          ["column", "form", "example"],
          columns.map(({ name, form, example }) => [name, form, example]),
        ),
      );
    }
    return;
  }
  if (file === undefined) {
    throw new AppError("usage", "import needs a file: countersign import KIND FILE.csv (or --columns)");
  }
  const csv = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new AppError("usage", `cannot read ${file}: ${error.code ?? error.message}`);
  });
  await withBooks(settings, async (desk) => {
    const result = await desk.importCsv(kind, csv, o.dryRun === true);
    if (o.json === true) {
      answerJson(result);
    } else {
      const { inserted, updated, unchanged } = result as Record<string, number>;
      tell(o.dryRun === true ? "dry run: nothing was written" : "imported");
      answer(`${inserted} inserted, ${updated} updated, ${unchanged} unchanged`);
    }
  });
}
