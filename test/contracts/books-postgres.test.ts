import { after, test } from "node:test";
import { postgresMissing, startPostgres } from "../fakes/postgres.ts";
import { postgresTestBooks } from "../fakes/test-books.ts";
import { booksContract } from "./books.ts";

const missing = postgresMissing();
if (missing === false) {
  booksContract("PostgreSQL", postgresTestBooks);
  after(async () => (await startPostgres()).stop());
} else {
  test("Books on PostgreSQL", { skip: missing });
}
