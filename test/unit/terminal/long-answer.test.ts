import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Hono } from "hono";
import { longAnswer } from "../../../adapters/terminal/long-answer.ts";
import { listenOnSocket } from "../../../adapters/terminal/socket-server.ts";
import { controlClient } from "../../../src/commands/control-client.ts";
import { AppError, toRequestError } from "../../../src/errors.ts";

let folder = "";
let server: { close(): Promise<void> };
/** What a request waits for. */
let work: () => Promise<unknown>;
const app = new Hono();
app.get("/long", (context) => longAnswer(context, () => work(), { errorInfo: toRequestError, everyMs: 5 }));
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "cs-long-"));
  server = await listenOnSocket(path.join(folder, "bot.sock"), app);
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});
const client = () => controlClient(folder, "bot");

test("work that takes long says that it goes on, before and until there is an answer", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  work = () => promise;
  const response = await app.request("/long");
  const reader = response.body?.getReader() ?? assert.fail("no body");
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < 3) {
    text += decoder.decode((await reader.read()).value);
  }
  assert.equal(text.trim(), "");
  resolve({ rows: 3 });
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    text += decoder.decode(next.value);
  }
  assert.deepEqual(JSON.parse(text), { rows: 3 });
});

test("over the socket the answer is the answer, and an error is one; what tells of errors is none", async () => {
  const told = { outcome: "refused", error: { code: "not-allowed", message: "no", retryable: false } };
  work = async () => told;
  assert.deepEqual(await client().get("/long"), told);
  const error = new AppError("data-unavailable", "the database is away", { retryable: true });
  work = () => Promise.reject(error);
  await assert.rejects(client().get("/long"), { code: "data-unavailable", retryable: true });
});
