import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { controlClient } from "../../../src/commands/control-client.ts";
import { patientClient } from "../../../src/commands/patient-client.ts";
import { settle } from "../../fakes/manual-time.ts";

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

test("a process that stands still is not waited for forever, wherever it stopped", async () => {
  const client = controlClient(folder, "bot", 50);
  answers.push(() => undefined);
  await assert.rejects(client.get("/status"), { code: "not-answering", message: /"bot" .* for 0\.05 s/ });
  answers.push((response) => response.write('{"demo":'));
  await assert.rejects(client.get("/status"), { code: "not-answering" });
});

test("a stream is waited for as long as its empty lines come, and no longer", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const client = controlClient(folder, "bot", 1_000);
  const { promise: opened, resolve: give } = Promise.withResolvers<ServerResponse>();
  answers.push((response) => {
    response.write('{"card":"progress"}\n');
    give(response);
  });
  const lines = client.lines("/runs/r1/stream")[Symbol.asyncIterator]();
  await lines.next();
  const line = lines.next();
  const response = await opened;
  for (let beat = 0; beat < 5; beat += 1) {
    t.mock.timers.tick(499);
    response.write("\n");
    // By the time that another call is answered, the line has been read.
    answers.push((other) => other.end("{}"));
    await client.get("/status");
  }
  response.write('{"card":"result"}\n');
  assert.deepEqual(await line, { value: { card: "result" }, done: false });
  // Nothing is taken of its patience while nobody waits.
  t.mock.timers.tick(10_000);
  const silence = assert.rejects(lines.next(), { code: "not-answering" });
  await settle();
  t.mock.timers.tick(500);
  t.mock.timers.tick(500);
  await silence;
});

test("an answer is waited for as long as empty lines come", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const client = controlClient(folder, "bot", 1_000);
  const { promise: opened, resolve: give } = Promise.withResolvers<ServerResponse>();
  answers.push((response) => {
    response.write("\n");
    give(response);
  });
  const verified = client.post("/journal/verify", {});
  const response = await opened;
  for (let beat = 0; beat < 5; beat += 1) {
    answers.push((other) => other.end("{}"));
    await client.get("/status");
    t.mock.timers.tick(499);
    response.write("\n");
  }
  response.end('{"ok":true}');
  assert.deepEqual(await verified, { ok: true });
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

test("a stream that ends again and again is not opened forever, one that says why not at all", async () => {
  const end = (response: ServerResponse) => void response.end();
  answers.push(end);
  const first = patientClient(direct(), 0, () => undefined).lines("/runs/r1/stream");
  await assert.rejects(first[Symbol.asyncIterator]().next(), { code: "connection-lost" });
  answers.push(end, (response) => {
    response.end('{"error":{"code":"sealed-broken","message":"altered","retryable":false}}\n');
  });
  const second = patientClient(direct(), 60_000, () => undefined).lines("/runs/r1/stream");
  await assert.rejects(second[Symbol.asyncIterator]().next(), { code: "sealed-broken" });
});
