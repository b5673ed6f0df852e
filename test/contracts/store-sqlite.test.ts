import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { databaseBatchContract } from "./database-batch.ts";
import { databaseContract } from "./database.ts";
import { recordContract } from "./record.ts";

const root = mkdtempSync(join(tmpdir(), "cs-store-"));
let folders = 0;
after(() => {
  rmSync(root, { recursive: true, force: true });
});
const place = () => {
  folders += 1;
  return Promise.resolve({ folder: join(root, String(folders)) });
};

databaseContract("SQLite", place);
databaseBatchContract("SQLite", place);
recordContract("SQLite", place);
