import { after, test } from "node:test";
import { postgresMissing, startPostgres } from "../fakes/postgres.ts";
import { databaseContract } from "./database.ts";
import { recordContract } from "./record.ts";

const missing = postgresMissing();
if (missing === false) {
  after(async () => {
    await (await startPostgres()).stop();
  });
  const place = async () => ({ url: await (await startPostgres()).createDatabase() });
  databaseContract("PostgreSQL", place);
  recordContract("PostgreSQL", place);
} else {
  test("Store on PostgreSQL", { skip: missing }, () => undefined);
}
