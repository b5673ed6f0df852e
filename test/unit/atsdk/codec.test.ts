import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import { AtError } from "@atsign/atsdk";
import { cachedKey, fullKey, parseKey, type ReadableKey } from "../../../src/atsdk/codec/at-key.ts";
import { decodeBase2e15, encodeBase2e15 } from "../../../src/atsdk/codec/base2e15.ts";
import * as commands from "../../../src/atsdk/codec/commands.ts";
import { type MetadataChange, readMetadata, writeMetadata } from "../../../src/atsdk/codec/metadata.ts";
import { isAtLeast, readInfo, readStatus } from "../../../src/atsdk/codec/replies.ts";
import {
  type MetadataChange as ServerChange,
  SegmentReader,
} from "../../../src/sandbox/at-server/metadata-fields.ts";
import { given, needsGiven } from "./vectors.ts";

const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;

suite("Base2e15", () => {
  test("the public package's own example", () => {
    const text = "嗺둽嬖蟝巍媖疌켉溁닽壪";
    assert.equal(encodeBase2e15(Buffer.from("Base2e15 is awesome!")), text);
    assert.equal(decodeBase2e15(text).toString(), "Base2e15 is awesome!");
  });

  test("any bytes come back, in characters that no command trips over", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = encodeBase2e15(bytes);
        assert.equal(text.length, Math.ceil((bytes.length * 8) / 15));
        assert.doesNotMatch(text, /[\s:@]/);
        assert.deepEqual(decodeBase2e15(text), Buffer.from(bytes));
      }),
    );
  });

  test("both ends of each range", () => {
    for (const [value, code] of [
      [0x0000, 0x3480],
      [0x1935, 0x4db5],
      [0x1936, 0x4e00],
      [0x545b, 0x8925],
      [0x545c, 0xac00],
      [0x7fff, 0xd7a3],
    ] as const)
      assert.equal(encodeBase2e15(Uint8Array.of(value >> 7, (value << 1) & 0xff)).charCodeAt(0), code);
  });

  test("other characters, and a short one that is not the last, are refused", () => {
    for (const text of ["a", "\u3400\u3480", "\u4db6", "\u8926", "\ud7a4", "\u33ff"])
      assert.throws(() => decodeBase2e15(text), hasCode("bad-reply"));
  });
});

const word = fc.stringMatching(/^[a-z0-9_-]{1,8}$/);
const atSign = fc.stringMatching(/^@[a-z0-9_-]{1,8}$/);
const names = { name: word, namespace: word, sharedBy: atSign };
const key: fc.Arbitrary<ReadableKey & { sharedBy: string }> = fc.oneof(
  fc.record({ kind: fc.constantFrom("self", "public"), ...names }, { noNullPrototype: true }),
  fc.record({ kind: fc.constant("shared"), ...names, sharedWith: atSign }, { noNullPrototype: true }),
);

test("full keys are read back", () => {
  fc.assert(
    fc.property(key, (each) => {
      assert.deepEqual(parseKey(fullKey(each, each.sharedBy)), each);
      if (each.kind === "self") return;
      const mine = { ...each, cached: true, ...(each.kind === "shared" ? { sharedWith: "@me" } : {}) };
      assert.deepEqual(parseKey(cachedKey(mine, "@me")), mine);
    }),
  );
  assert.deepEqual(parseKey("shared_key.bob@alice").namespace, "bob");
  assert.deepEqual(parseKey("note@alice"), { kind: "self", name: "note", sharedBy: "@alice" });
  for (const text of [
    "",
    "note",
    "a:b@alice",
    "x y@alice",
    "public:@alice",
    "@bob:x",
    "privatekey:at_secret",
  ])
    assert.throws(() => parseKey(text), AtError, text);
});

const value = fc.stringMatching(/^[\w+/=.-]{1,12}$/).filter((text) => text !== "null");
const number = fc.nat(1e12);
const text = fc.option(value);
const plain = {
  ttl: number,
  ttb: number,
  ttr: fc.integer({ min: -1, max: 1e9 }),
  ccd: fc.boolean(),
  dataSignature: text,
  sharedKeyStatus: text,
  isBinary: fc.boolean(),
  isEncrypted: fc.boolean(),
  sharedKeyEnc: text,
  pubKeyCS: text,
  encoding: text,
  encKeyName: text,
  encAlgo: text,
  ivNonce: text,
  skeEncKeyName: text,
  skeEncAlgo: text,
};
const newer = {
  pubKeyHash: fc.record({ hash: value, hashingAlgo: fc.constantFrom("sha256", "sha512") }),
  immutable: fc.boolean(),
  appMetadata: fc.option(fc.dictionary(fc.string(), fc.jsonValue())),
};
const oldMetadata = fc.record(plain, { requiredKeys: [] });
const anyMetadata = fc.record({ ...plain, ...newer }, { requiredKeys: [] });

/** What our own atServer's parser makes of the segments, in the names of the SDK. */
function serverReads(segments: string): Record<string, unknown> {
  const reader = new SegmentReader(segments.slice(1));
  const change: ServerChange = {};
  while (reader.metadata(change));
  assert.equal(reader.rest, "");
  const { pubKeyHash, hashingAlgo, appMetadata, ...rest } = change;
  return {
    ...rest,
    ...(pubKeyHash === undefined ? {} : { pubKeyHash: { hash: pubKeyHash, hashingAlgo } }),
    ...(appMetadata === undefined ? {} : { appMetadata: appMetadata && decoded(appMetadata) }),
  };
}
const decoded = (base64: string): unknown => JSON.parse(Buffer.from(base64, "base64").toString());
const asJson = (change: MetadataChange): unknown => JSON.parse(JSON.stringify(change));

suite("metadata on the wire", () => {
  test("what is written is what our atServer reads, in the order written and in any other", () => {
    fc.assert(
      fc.property(anyMetadata, fc.infiniteStream(fc.nat()), (change, random) => {
        const segments = writeMetadata(change);
        assert.deepEqual(asJson(serverReads(segments)), asJson(change as MetadataChange));
        const pairs = segments.match(/:\w+:[^:]+/g) ?? [];
        const shuffled = pairs
          .map((pair) => ({ pair, place: random.next().value }))
          .sort((a, b) => a.place - b.place);
        const other = serverReads(shuffled.map(({ pair }) => pair).join(""));
        assert.deepEqual(asJson(other), asJson(change as MetadataChange));
      }),
    );
  });

  test("what servers report is read back, with nulls left out", () => {
    fc.assert(
      fc.property(anyMetadata, (change) => {
        const known = Object.fromEntries(Object.entries(change).filter(([, each]) => each !== null));
        assert.deepEqual(asJson(readMetadata(change)), asJson(known));
      }),
    );
    assert.deepEqual(readMetadata({ createdAt: "2024-10-24 01:35:02.123Z", expiresAt: "null" }), {
      createdAt: Date.UTC(2024, 9, 24, 1, 35, 2, 123),
    });
  });
});

test("no text of a caller gets a line break or a second command onto the wire", () => {
  const bad = fc
    .tuple(fc.string(), fc.constantFrom("\n", "\r", "\r\n"), fc.string())
    .map((parts) => parts.join(""));
  const { notifyCommand, updateCommand } = commands;
  const fields = { id: "i", operation: "update", ttln: 1 } as const;
  fc.assert(
    fc.property(bad, (each) => {
      for (const build of [
        () => updateCommand("x@a", {}, each),
        () => updateCommand(each, {}, "v"),
        () => commands.updateMetadataCommand(each, { ttl: 1 }),
        () => commands.deleteCommand(each),
        () => commands.localLookUpCommand(each),
        () => commands.lookUpCommand("lookup", each, { bypassCache: true }),
        () => commands.scanCommand({ regex: each }),
        () => commands.scanCommand({ sharedBy: each }),
        () => commands.monitorCommand({ regex: each }),
        () => commands.notifyStatusCommand(each),
        () => notifyCommand({ ...fields, id: each }, {}, "@b:x@a", "v"),
        () => notifyCommand({ ...fields, notifier: each }, {}, "@b:x@a", "v"),
        () => notifyCommand(fields, {}, each, "v"),
        () => notifyCommand(fields, {}, "@b:x@a", each),
        () => notifyCommand(fields, { encAlgo: each }, "@b:x@a", "v"),
        () => commands.checkLine(each),
      ])
        assert.throws(build, hasCode("invalid-value"));
    }),
  );
});

test("info, versions and statuses are read, whatever they look like", () => {
  const features = [
    { name: "notify.eph", status: "GA" },
    { name: "old", status: "Retired" },
    { name: 7 },
    null,
  ];
  const info = readInfo(JSON.stringify({ version: "3.17.0", features }));
  assert.deepEqual(info, { version: "3.17.0", features: new Set(["notify.eph"]) });
  assert.deepEqual(readInfo("{}"), { version: undefined, features: new Set() });
  assert.throws(() => readInfo("[]"), hasCode("bad-reply"));
  for (const [version, expected] of [
    ["3.1.1", true],
    ["3.1.0", false],
    ["3.0.52", false],
    ["3.10.0-rc1", true],
    ["4.0.0+gha7", true],
    ["2.9.9", false],
    ["new", false],
    [undefined, false],
  ] as const)
    assert.equal(isAtLeast(version, [3, 1, 1]), expected, version);
  assert.deepEqual([readStatus(" delivered"), readStatus("null")], ["delivered", undefined]);
  assert.throws(() => readStatus("lost"), hasCode("bad-reply"));
});

suite("given grammar", needsGiven, () => {
  const matches = (verb: string, line: string, generation: "5.0.1" | "5.12") => {
    const sources = given?.grammar.regexes[verb] ?? {};
    const found = new RegExp(sources["both"] ?? sources[generation] ?? assert.fail(verb), "i").exec(line);
    return (
      found && Object.fromEntries(Object.entries(found.groups ?? {}).filter(([, each]) => each !== undefined))
    );
  };

  for (const { verb, input, ...expected } of given?.grammar.cases ?? []) {
    test(`${verb}: ${input.slice(0, 60)}`, () => {
      for (const generation of ["5.0.1", "5.12"] as const)
        assert.deepEqual(matches(verb, input, generation), expected["both"] ?? expected[generation] ?? null);
    });
  }

  test("old servers understand what we write, unless newer fields are asked for", () => {
    fc.assert(
      fc.property(key, oldMetadata, anyMetadata, value, (each, old, any, payload) => {
        const full = fullKey(each, each.sharedBy);
        for (const [change, generations] of [
          [old, ["5.0.1", "5.12"]],
          [any, ["5.12"]],
        ] as const)
          for (const generation of generations) {
            const { ttl } = change;
            const expected = ttl === undefined ? undefined : String(ttl);
            const metadata = change as MetadataChange;
            const update = matches("update", commands.updateCommand(full, metadata, payload), generation);
            assert.equal(update?.["value"], payload);
            assert.equal(update["ttl"], expected);
            if (Object.keys(change).length > 0) {
              const line = commands.updateMetadataCommand(full, metadata);
              assert.ok(matches("update_meta", line, generation));
            }
            if (each.kind === "shared") {
              const fields = { id: "a-1", operation: "update", ttln: 5, notifier: "n" } as const;
              const notify = matches(
                "notify",
                commands.notifyCommand(fields, metadata, full, payload),
                generation,
              );
              assert.deepEqual([notify?.["value"], notify?.["ttl"]], [payload, expected]);
            }
            assert.ok(matches("delete", commands.deleteCommand(full), generation));
          }
        const name = `${each.name}.${each.namespace}${each.sharedBy}`;
        for (const part of ["value", "meta", "all"] as const) {
          assert.ok(matches("llookup", commands.localLookUpCommand(full, part), "5.0.1"));
          for (const verb of ["lookup", "plookup"] as const)
            for (const bypassCache of [true, false])
              assert.ok(matches(verb, commands.lookUpCommand(verb, name, { part, bypassCache }), "5.0.1"));
        }
        const scan = commands.scanCommand({ regex: payload, showHidden: true, sharedBy: each.sharedBy });
        assert.equal(matches("scan", scan, "5.0.1")?.["regex"], payload);
        for (const epochMillis of [undefined, 5])
          for (const selfNotifications of [undefined, true]) {
            const line = commands.monitorCommand({ regex: payload, selfNotifications, epochMillis });
            const found = matches("monitor", line, "5.0.1");
            assert.deepEqual([found?.["regex"], found?.["epochMillis"]], [payload, epochMillis?.toString()]);
          }
        assert.ok(matches("notifyStatus", commands.notifyStatusCommand("a-1"), "5.0.1"));
        assert.ok(matches("info", commands.infoCommand, "5.0.1"));
        assert.ok(matches("noop", commands.heartbeatCommand, "5.0.1"));
      }),
    );
  });
});
