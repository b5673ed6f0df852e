import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { exportKind, importKind } from "../../adapters/store/books-csv.ts";
import { bookKind } from "../../adapters/store/books-schema.ts";
import { eraseTexts } from "../../adapters/store/erase-runs.ts";
import { appendJournal } from "../../adapters/store/journal-store.ts";
import { listenOnSocket } from "../../adapters/terminal/socket-server.ts";
import { type AccountLink, changeAccounts } from "../account-links.ts";
import { AppError } from "../errors.ts";
import type { CompanyBooks } from "./company-books.ts";
import { journalApp } from "./journal-app.ts";
import { incarnation, systemClock } from "./system.ts";

const changeBody = z.strictObject({
  change: z.enum(["link", "unlink"]),
  links: z.array(z.strictObject({ person: z.string(), account: z.string() })).min(1),
});
const importBody = z.strictObject({ csv: z.string(), dryRun: z.boolean() });

/** What `books`, `import` and `people` may do; the same beside the running system and without it. */
export interface BooksDesk {
  rows(kind: string, id: string | undefined): Promise<readonly unknown[]>;
  csv(kind: string, id: string | undefined): Promise<string>;
  importCsv(kind: string, csv: string, dryRun: boolean): Promise<unknown>;
  /** See `changeAccounts`. */
  changeAccounts(change: "link" | "unlink", links: readonly AccountLink[]): Promise<void>;
}

/** Its own journal chain says what was imported, and which accounts were linked by which user of this machine. */
export function booksDesk({ books, database }: CompanyBooks): BooksDesk {
  const writer = incarnation("books");
  return {
    async rows(kind, id) {
      const known = bookKind(kind);
      if (id === undefined) {
        return books.reader.find(known);
      }
      const row = await books.reader.get(known, id);
      if (row === undefined) {
        throw new AppError("not-found", `${kind} has no "${id}"`);
      }
      return [row];
    },
    csv: (kind, id) => exportKind(books.reader, bookKind(kind), id),
    importCsv(kind, csv, dryRun) {
      const known = bookKind(kind);
      return importKind(
        (work) =>
          database.unit(async (tx) => {
            const result = await work(books.within(tx));
            const entries = [{ kind: "import" as const, run: null, facts: { kind: known, ...result } }];
            await appendJournal(tx, { writer, at: systemClock.now(), entries: dryRun ? [] : entries });
            return result;
          }),
        known,
        csv,
        { dryRun },
      );
    },
    changeAccounts: (change, links) =>
      database.unit(async (tx) => {
        await changeAccounts(books.within(tx), change, links);
        const osUser = os.userInfo().username;
        const entries = links.map((link) => ({
          kind: "account" as const,
          run: null,
          facts: { change, ...link, osUser },
        }));
        await appendJournal(tx, { writer, at: systemClock.now(), entries });
      }),
  };
}

/** The agents process's own socket, for the command line only: the bot never reads the books. */
export function serveBooks(runtime: string, company: CompanyBooks): Promise<{ close(): Promise<void> }> {
  const { database } = company;
  const desk = booksDesk(company);
  const place = { database, books: true, clock: systemClock, writer: incarnation("books") };
  const app = journalApp("books", database, { erase: (runs, by) => eraseTexts(place, { runs }, by) });
  app.get("/health", (context) => context.json({ ok: true }));
  app.get("/books/:kind", async (context) => {
    const { kind } = context.req.param();
    const id = context.req.query("id");
    return context.json(
      context.req.query("csv") === undefined
        ? { rows: await desk.rows(kind, id) }
        : { csv: await desk.csv(kind, id) },
    );
  });
  app.post("/import/:kind", async (context) => {
    const body = importBody.parse(await context.req.json());
    return context.json(await desk.importCsv(context.req.param("kind"), body.csv, body.dryRun));
  });
  app.post("/people/accounts", async (context) => {
    const { change, links } = changeBody.parse(await context.req.json());
    await desk.changeAccounts(change, links);
    return context.json({ ok: true });
  });
  return listenOnSocket(path.join(runtime, "agents.sock"), app);
}
