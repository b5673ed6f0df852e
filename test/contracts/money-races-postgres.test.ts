import { after, test } from "node:test";
import { postgresMissing, startPostgres } from "../fakes/postgres.ts";
import { postgresTestBooks } from "../fakes/test-books.ts";
import { moneyRacesContract } from "./money-races.ts";

const missing = postgresMissing();
if (missing === false) {
  moneyRacesContract("PostgreSQL", postgresTestBooks);
  after(async () => (await startPostgres()).stop());
} else {
  test("money races on PostgreSQL", { skip: missing });
}
