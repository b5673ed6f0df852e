import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { controlClient } from "../../../src/commands/control-client.ts";
import { patientClient } from "../../../src/commands/patient-client.ts";

/** A bot whose next answers are given here. */
const answers: ((response: ServerResponse) => void)[] = [];
const server = createServer((_request, response) => answers.shift()?.(response));
let folder = "";
before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "cs-patient-"));
  server.listen(path.join(folder, "bot.sock"));
  await once(server, "listening");
});
after(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});
const refuse = (code: string, retryable: boolean) => (response: ServerResponse) => {
  response.writeHead(400).end(JSON.stringify({ error: { code, message: `refused: ${code}`, retryable } }));
};
const away = refuse("data-unavailable", true);
const direct = () => controlClient(folder, "bot");

test("a process that stands still is not waited for forever, a silent stream is", async () => {
  const client = controlClient(folder, "bot", 50);
  answers.push(() => undefined);
  await assert.rejects(client.get("/status"), { code: "not-answering", message: /"bot" .* for 0\.05 s/ });
  const { promise: later, resolve: goOn } = Promise.withResolvers<void>();
  answers.push((response) => {
    response.flushHeaders();
    void later.then(() => response.end('{"card":"result"}\n'));
  });
  const line = client.lines("/runs/r1/stream")[Symbol.asyncIterator]().next();
  // Longer than its patience: another call's runs out meanwhile.
  answers.push(() => undefined);
  await assert.rejects(client.get("/status"), { code: "not-answering" });
  goOn();
  assert.deepEqual(await line, { value: { card: "result" }, done: false });
});

test("a stream that is refused says why", async () => {
  answers.push(away);
  const lines = direct().lines("/runs/r1/stream");
  await assert.rejects(lines[Symbol.asyncIterator]().next(), { code: "data-unavailable", retryable: true });
});

test("whoever is patient waits for the bot's database too, and for nothing else", async () => {
  let waited = 0;
  const client = patientClient(direct(), 60_000, () => (waited += 1));
  answers.push(away, away, (response) => response.end('{"run":"r1"}'));
  assert.deepEqual(await client.get("/runs/r1"), { run: "r1" });
  answers.push(away, (response) => response.end('{"card":"result"}\n'));
  for await (const line of client.lines("/runs/r1/stream")) {
    assert.deepEqual(line, { card: "result" });
    break;
  }
  assert.equal(waited, 2);
  answers.push(refuse("data-not-writable", true));
  await assert.rejects(client.post("/requests", {}), { code: "data-not-writable" });
});
