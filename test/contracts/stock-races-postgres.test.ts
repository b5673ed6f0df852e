import { after, test } from "node:test";
import { postgresMissing, startPostgres } from "../fakes/postgres.ts";
import { postgresTestBooks } from "../fakes/test-books.ts";
import { stockRacesContract } from "./stock-races.ts";

const missing = postgresMissing();
if (missing === false) {
  stockRacesContract("PostgreSQL", postgresTestBooks);
  after(async () => (await startPostgres()).stop());
} else {
  test("stock races on PostgreSQL", { skip: missing });
}
