import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { AppError, fromErrorInfo, toErrorInfo, toRequestError, traceOf } from "../../src/errors.ts";

const secret = "Order 50 widgets for Customer XYZ";

test("an error of ours keeps its code, message and retryable over a wire, but not its cause", () => {
  const error = new AppError("too-late", "it is over", { retryable: true, cause: new Error(secret) });
  const info = toErrorInfo(error);
  assert.deepEqual(info, { code: "too-late", message: "it is over", retryable: true });
  assert.deepEqual(toErrorInfo(fromErrorInfo(info)), info);
});

test("what is not ours becomes internal, without a word of its text", () => {
  for (const thrown of [new Error(secret), new TypeError(secret), secret, undefined, { message: secret }]) {
    assert.deepEqual(toErrorInfo(thrown), { code: "internal", message: "internal error", retryable: false });
  }
});

test("a request that is not as expected names the field", () => {
  const body = z.strictObject({ verdict: z.enum(["approved", "rejected"]) });
  const wrong = body.safeParse({ verdict: "perhaps" }).error;
  const info = toRequestError(wrong);
  assert.equal(info.code, "bad-request");
  assert.match(info.message, /^field "verdict": /);
  assert.match(toRequestError(body.safeParse({ verdict: "approved", x: 1 }).error).message, /^the request: /);
  let notJson: unknown;
  try {
    JSON.parse(`{${secret}`);
  } catch (error) {
    notJson = error;
  }
  assert.deepEqual(toRequestError(notJson), {
    code: "bad-request",
    message: "the request is not JSON",
    retryable: false,
  });
  assert.equal(toRequestError(new Error(secret)).code, "internal");
});

test("a trace says where, never what", () => {
  const trace = traceOf(new RangeError(`${secret}\n    at secret (${secret})`));
  assert.equal(trace[0], "RangeError");
  assert.ok(trace.some((line) => line.includes("errors.test.ts")));
  assert.ok(trace.every((line) => !line.includes("widgets")));
  assert.deepEqual(traceOf(secret), ["string"]);
});
