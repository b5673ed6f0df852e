import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AtError, lookUp, type Transport } from "@atsign/atsdk";
import { AddressBook } from "../../../src/atsdk/directory.ts";
import { FakeStream } from "./fake-network.ts";

const directory = { host: "127.0.0.1", port: 64 };
const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;

function answering(...chunks: string[]): { transport: Transport; streams: FakeStream[] } {
  const streams: FakeStream[] = [];
  const transport: Transport = () => {
    const stream = new FakeStream();
    stream.onLine = () => {
      for (const chunk of chunks) stream.feed(chunk);
      return undefined;
    };
    streams.push(stream);
    return Promise.resolve(stream);
  };
  return { transport, streams };
}

suite("look-up in the atDirectory", () => {
  test("finds an address, however the answer is split", async () => {
    for (const chunks of [["@host.example:6464\r\n@"], ["@", "host.exam", "ple:6464\r", "\n@"]]) {
      const { transport, streams } = answering(...chunks);
      assert.deepEqual(await lookUp("@Alice", { directory, transport }), {
        host: "host.example",
        port: 6464,
      });
      assert.deepEqual(streams[0]?.lines, ["alice"]);
      assert.ok(streams[0]?.isClosed);
    }
  });

  test("says what it was told otherwise", async () => {
    for (const [chunk, code] of [
      ["@null\r\n@", "not-in-directory"],
      ["@nonsense\r\n@", "bad-reply"],
      ["@host:0\r\n@", "bad-reply"],
      ["@host:99999\r\n@", "bad-reply"],
      [`@${"x".repeat(1_100)}`, "bad-reply"],
    ] as const)
      await assert.rejects(lookUp("@alice", { directory, ...answering(chunk) }), hasCode(code));
  });

  test("a directory that hangs up or says nothing is an error", async (t) => {
    const stream = new FakeStream();
    stream.onLine = () => {
      stream.end();
      return undefined;
    };
    await assert.rejects(
      lookUp("@alice", { directory, transport: () => Promise.resolve(stream) }),
      hasCode("closed"),
    );
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const silent = lookUp("@alice", { directory, ...answering(), timeoutMs: 50 });
    const outcome = assert.rejects(silent, hasCode("timeout"));
    await Promise.resolve();
    t.mock.timers.tick(50);
    await outcome;
  });

  test("addresses are remembered for an hour or until forgotten", async () => {
    const { transport, streams } = answering("@host:1\r\n@");
    let now = 0;
    const book = new AddressBook({ directory, transport }, () => now);
    await book.find("@alice");
    now = 3_599_999;
    await book.find("@alice");
    assert.equal(streams.length, 1);
    now = 3_600_000;
    await book.find("@alice");
    assert.equal(streams.length, 2);
    book.forget("@alice");
    await book.find("@alice");
    assert.equal(streams.length, 3);
  });
});
