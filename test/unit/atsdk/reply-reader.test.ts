import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import { AtError } from "../../../src/atsdk/at-error.ts";
import { type AtFrame, ReplyReader } from "../../../src/atsdk/codec/reply-reader.ts";
import { vectors } from "./vectors.ts";

function read(bytes: Buffer, cuts: readonly number[] = []): AtFrame[] {
  const reader = new ReplyReader();
  const frames: AtFrame[] = [];
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    frames.push(...reader.push(bytes.subarray(start, cut)));
    start = cut;
  }
  return frames;
}

const data = (payload: string): AtFrame => ({ kind: "data", payload });

test("prompts are taken off wherever they are glued", () => {
  const stream =
    '@data:_sid@alice:uuid\n@data:success\n@alice@data:7\n@alice@notification: {"id":"1"}\n@alice🛠@data:x\r\n@';
  assert.deepEqual(read(Buffer.from(stream)), [
    data("_sid@alice:uuid"),
    data("success"),
    data("7"),
    { kind: "notification", payload: '{"id":"1"}' },
    data("x"),
  ]);
});

test("a payload keeps its blanks, colons and atSigns", () => {
  assert.deepEqual(read(Buffer.from("@alice@data: a:b@c  \n")), [data(" a:b@c  ")]);
});

test("the three forms of an error carry the same code", () => {
  const frames = read(
    Buffer.from(
      "error:AT0015-key not found : x\n@" +
        "error:AT0025:enrollment_id: y is denied\n@" +
        '@alice@error:{"errorCode":"AT0003","errorDescription":"Invalid syntax : invalid command"}\n@alice@' +
        "error:something else\n",
    ),
  );
  assert.deepEqual(frames, [
    { kind: "error", code: "AT0015", message: "key not found : x" },
    { kind: "error", code: "AT0025", message: "enrollment_id: y is denied" },
    { kind: "error", code: "AT0003", message: "Invalid syntax : invalid command" },
    {
      kind: "error",
      code: "bad-reply",
      message: "The server answered an error without a code: something else",
    },
  ]);
});

test("lines that are no reply are ignored", () => {
  assert.deepEqual(read(Buffer.from("@\nhello\nfoo:bar\n@alice@\ndata:1\n")), [data("1")]);
});

test("a line that never ends is refused", () => {
  const reader = new ReplyReader();
  const megabyte = Buffer.alloc(1_000_000, "a");
  for (let i = 0; i < 10; i++) reader.push(megabyte);
  assert.throws(
    () => reader.push(megabyte),
    (error) => error instanceof AtError && error.code === "bad-reply",
  );
});

test("recorded replies of the fixtures are read", () => {
  for (const { reply } of vectors.wire.filter((w) => w.reply !== undefined)) {
    const frames = read(Buffer.from(reply ?? ""));
    assert.equal(frames.length, 1);
    assert.equal(frames[0]?.kind, "data");
  }
});

const atom = fc.constantFrom(
  "@",
  "\n",
  "\r\n",
  "data:",
  "error:AT0015-gone",
  "notification: {}",
  "@alice@",
  "🛠",
  "ü",
  ":",
  "x y",
);

test("any split of the bytes gives the same frames", () => {
  fc.assert(
    fc.property(
      fc.array(atom, { maxLength: 40 }),
      fc.array(fc.nat(400), { maxLength: 12 }),
      (atoms, cuts) => {
        const bytes = Buffer.from(`${atoms.join("")}\n`);
        const inside = cuts.filter((cut) => cut <= bytes.length).sort((a, b) => a - b);
        assert.deepEqual(read(bytes, inside), read(bytes));
      },
    ),
  );
});

test("any payload comes back from any split", () => {
  const payload = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\n\r]/g, " "));
  fc.assert(
    fc.property(
      fc.array(payload, { maxLength: 8 }),
      fc.array(fc.nat(400), { maxLength: 12 }),
      (texts, cuts) => {
        const bytes = Buffer.from(`@${texts.map((text) => `data:${text}\n@alice@`).join("")}`);
        const inside = cuts.filter((cut) => cut <= bytes.length).sort((a, b) => a - b);
        assert.deepEqual(read(bytes, inside), texts.map(data));
      },
    ),
  );
});
