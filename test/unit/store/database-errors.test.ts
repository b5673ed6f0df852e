import assert from "node:assert/strict";
import { test } from "node:test";
import { postgresError } from "../../../adapters/store/database-errors.ts";

test("a connection that the operating system broke is a database that is away, whatever its code looks like", () => {
  for (const code of ["EPIPE", "ECONNRESET", "ECONNREFUSED"]) {
    const broken = Object.assign(new Error(`write ${code}`), { code, syscall: "write", errno: -32 });
    const { code: ours, retryable } = postgresError(broken, "place");
    assert.deepEqual([ours, retryable], ["data-unavailable", true], code);
  }
  const refused = Object.assign(new Error('relation "x" does not exist'), { code: "42P01" });
  assert.equal(postgresError(refused, "place").code, "data-error");
});
