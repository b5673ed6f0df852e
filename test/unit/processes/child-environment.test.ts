import assert from "node:assert/strict";
import { test } from "node:test";
import { settingNames } from "../../../src/config.ts";
import { type ChildKind, childEnvironment } from "../../../src/processes/child-environment.ts";

const kinds: readonly ChildKind[] = ["sandbox", "gateway", "agents", "bot"];
const everything = Object.fromEntries(
  [...settingNames, "PATH", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD"].map((name) => [name, `value of ${name}`]),
);
const holdersOf = (name: string) => kinds.filter((kind) => name in childEnvironment(kind, everything));

test("secrets reach only the process that needs them, and what is not ours none", () => {
  assert.deepEqual(holdersOf("COUNTERSIGN_RECORD_KEY"), ["bot"]);
  assert.deepEqual(holdersOf("DATABASE_URL"), ["bot"]);
  assert.deepEqual(holdersOf("REDIS_URL"), ["bot"]);
  assert.deepEqual(holdersOf("BOOKS_DATABASE_URL"), ["agents"]);
  assert.deepEqual(holdersOf("AWS_SECRET_ACCESS_KEY"), []);
  assert.deepEqual(holdersOf("PGPASSWORD"), []);
  assert.deepEqual(holdersOf("PATH"), kinds);
  assert.deepEqual(holdersOf("COUNTERSIGN_DATA"), kinds);
});

test("every setting reaches some process", () => {
  assert.deepEqual(
    settingNames.filter((name) => holdersOf(name).length === 0),
    [],
  );
});

test("what is not set is left out", () => {
  assert.deepEqual(childEnvironment("bot", { PATH: "/bin", DATABASE_URL: undefined }), { PATH: "/bin" });
});
