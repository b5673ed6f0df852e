import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AtError } from "@atsign/atsdk";
import { AtConnection } from "../../../src/atsdk/at-connection.ts";
import { FakeStream } from "./fake-network.ts";

const where = { host: "127.0.0.1", port: 1, timeoutMs: 1_000 };
const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;

async function connect(): Promise<{ stream: FakeStream; connection: AtConnection }> {
  const stream = new FakeStream();
  return { stream, connection: await AtConnection.open(() => Promise.resolve(stream), where) };
}

suite("AtConnection", () => {
  test("keeps one command in flight and answers in order", async () => {
    const { stream, connection } = await connect();
    const both = Promise.all([connection.request("noop:0", 100), connection.request("scan", 100)]);
    assert.deepEqual(stream.lines, ["noop:0"]);
    stream.feed("@data:ok\n@al");
    assert.deepEqual(stream.lines, ["noop:0", "scan"]);
    stream.feed("ice@data:[]\n@alice@");
    assert.deepEqual(await both, ["ok", "[]"]);
    connection.close();
  });

  test("a server error rejects its command only", async () => {
    const { stream, connection } = await connect();
    const first = connection.request("llookup:x@alice", 100);
    const second = connection.request("noop:0", 100);
    stream.feed("error:AT0015-key not found : x\n@alice@");
    await assert.rejects(first, hasCode("AT0015"));
    stream.feed("data:ok\n@alice@");
    assert.equal(await second, "ok");
    connection.close();
  });

  test("notifications between replies go to the subscriber", async () => {
    const { stream, connection } = await connect();
    const seen: string[] = [];
    connection.onNotification = (json) => seen.push(json);
    const reply = connection.request("noop:0", 100);
    stream.feed('notification: {"id":"1"}\n@alice@data:ok\n@alice@notification: {"id":"2"}\n');
    assert.equal(await reply, "ok");
    assert.deepEqual(seen, ['{"id":"1"}', '{"id":"2"}']);
    connection.close();
  });

  test("a reply that comes while the command is being written is not waited for", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { stream, connection } = await connect();
    stream.onLine = () => "@data:ok\n@alice@";
    assert.equal(await connection.request("noop:0", 500), "ok");
    t.mock.timers.tick(500);
    assert.ok(!connection.isClosed);
    connection.close();
  });

  test("a reply that is late ends the connection and everything queued", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { stream, connection } = await connect();
    const first = connection.request("noop:0", 500);
    const second = connection.request("scan", 500);
    t.mock.timers.tick(499);
    assert.ok(!connection.isClosed);
    t.mock.timers.tick(1);
    await assert.rejects(first, hasCode("timeout"));
    await assert.rejects(second, hasCode("timeout"));
    assert.ok(stream.isClosed);
    await assert.rejects(connection.request("scan", 500), hasCode("timeout"));
  });

  test("the end of the stream rejects what is open, and is told once", async () => {
    const { stream, connection } = await connect();
    let ends = 0;
    connection.onClose = () => ends++;
    const pending = connection.request("noop:0", 100);
    stream.end();
    connection.close();
    await assert.rejects(pending, hasCode("closed"));
    assert.equal(ends, 1);
  });

  test("whoever asks after the end is told of it all the same", async () => {
    const { stream, connection } = await connect();
    stream.end();
    let told: AtError | undefined;
    connection.onClose = (error) => (told = error);
    assert.equal(told?.code, "closed");
  });

  test("a refusal of the connection itself is reported with its code", async () => {
    const { stream, connection } = await connect();
    stream.feed("error:AT0012-Inbound connection limit exceeded\n");
    await assert.rejects(connection.request("noop:0", 100), hasCode("AT0012"));
  });

  test("line breaks never reach the server", async () => {
    const { stream, connection } = await connect();
    for (const line of ["scan\ndelete:x@alice", "scan\r", "\n"])
      await assert.rejects(connection.request(line, 100), hasCode("invalid-value"));
    assert.throws(() => connection.send("monitor\nscan"), hasCode("invalid-value"));
    assert.deepEqual(stream.lines, []);
    connection.close();
  });
});
