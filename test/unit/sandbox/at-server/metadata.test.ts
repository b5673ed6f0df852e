import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "../../../fakes/fast-check.ts";
import { ClientRegex } from "../../../../src/sandbox/at-server/client-regex.ts";
import {
  checkMetadata,
  type MetadataChange,
  SegmentReader,
} from "../../../../src/sandbox/at-server/metadata-fields.ts";
import { formatRecord, mergeMetadata } from "../../../../src/sandbox/at-server/record.ts";
import { ServerError } from "../../../../src/sandbox/at-server/server-error.ts";

const hasCode = (code: string) => (error: unknown) => error instanceof ServerError && error.code === code;

function parse(text: string): { change: MetadataChange; rest: string } {
  const reader = new SegmentReader(text);
  const change: MetadataChange = {};
  while (reader.metadata(change));
  return { change, rest: reader.rest };
}

suite("metadata of commands", () => {
  const segments: [string, MetadataChange][] = [
    ["ttl:1", { ttl: 1 }],
    ["ttb:2", { ttb: 2 }],
    ["ttr:-1", { ttr: -1 }],
    ["ccd:True", { ccd: true }],
    ["cAt:2026-01-02T03:04:05.678Z", { cAt: Date.parse("2026-01-02T03:04:05.678Z") }],
    ["dataSignature:ab+/=", { dataSignature: "ab+/=" }],
    ["isbinary:false", { isBinary: false }],
    ["isEncrypted:TRUE", { isEncrypted: true }],
    ["sharedKeyEnc:null", { sharedKeyEnc: null }],
    ["hash:ff", { pubKeyHash: "ff" }],
    ["algo:sha512", { hashingAlgo: "sha512" }],
    ["encAlgo:AES/SIC/PKCS7Padding", { encAlgo: "AES/SIC/PKCS7Padding" }],
    ["ivNonce:AAAA", { ivNonce: "AAAA" }],
    ["immutable:true", { immutable: true }],
  ];

  test("is the same in any order", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(segments), (chosen) => {
        const { change, rest } = parse([...chosen.map(([text]) => text), "@bob:x@alice"].join(":"));
        assert.deepEqual(change, Object.assign({}, ...chosen.map(([, fields]) => fields)));
        assert.equal(rest, "@bob:x@alice");
      }),
    );
  });

  test("a known field without a proper value is a syntax error; an unknown one is left to the verb", () => {
    for (const text of [
      "ttl::x@alice",
      "ttl:abc:x@alice",
      "ccd:test:x@alice",
      "ivNonce:a b",
      "cAt:yesterday:x@alice",
    ])
      assert.throws(() => parse(text), hasCode("AT0003"), text);
    assert.equal(parse("ttlx:5:x@alice").rest, "ttlx:5:x@alice");
    assert.throws(() => checkMetadata({ ttl: -1 }), hasCode("AT0003"));
    assert.throws(() => checkMetadata({ ttr: -2 }), hasCode("AT0003"));
    assert.throws(() => checkMetadata({ ccd: true }), hasCode("AT0022"));
  });
});

suite("merging", () => {
  const at = (now: number) => ({ by: "@alice", now, keepFlags: false });

  test("absent fields stay, null removes, flags do not stay", () => {
    const first = mergeMetadata(
      undefined,
      { ivNonce: "iv", encAlgo: "a", isEncrypted: true, ttl: 10 },
      at(1_000),
    );
    const second = mergeMetadata(first, { ivNonce: null }, at(2_000));
    assert.equal(second.encAlgo, "a");
    assert.ok(!("ivNonce" in second));
    assert.equal(second.isEncrypted, false);
    assert.equal(second.createdAt, 1_000);
    assert.equal(second.updatedAt, 2_000);
    assert.equal(second.expiresAt, 2_010);
    assert.equal(second.version, 1);
    assert.ok(!("expiresAt" in mergeMetadata(second, { ttl: 0 }, at(3_000))));
  });

  test("a change of the metadata only keeps flags and times", () => {
    const first = mergeMetadata(undefined, { isEncrypted: true, ttl: 10 }, at(1_000));
    const second = mergeMetadata(first, { ttr: 5 }, { by: "@alice", now: 1_005, keepFlags: true });
    assert.equal(second.isEncrypted, true);
    assert.equal(second.expiresAt, 1_010);
    assert.equal(second.refreshAt, 6_005);
  });

  test("replies have the dates that every client can read, and no null", () => {
    const metadata = mergeMetadata(
      undefined,
      {
        ttl: 5,
        pubKeyHash: "ff",
        hashingAlgo: "sha512",
        appMetadata: Buffer.from('{"a":1}').toString("base64"),
      },
      at(1_729_733_702_123),
    );
    const json: unknown = JSON.parse(
      formatRecord({ key: "x@alice", value: "v", metadata }, "all", 1_729_733_702_123),
    );
    assert.deepEqual(json, {
      key: "x@alice",
      data: "v",
      metaData: {
        createdBy: "@alice",
        createdAt: "2024-10-24 01:35:02.123Z",
        updatedAt: "2024-10-24 01:35:02.123Z",
        availableAt: "2024-10-24 01:35:02.123Z",
        expiresAt: "2024-10-24 01:35:02.128Z",
        status: "active",
        version: 0,
        ttl: 5,
        isBinary: false,
        isEncrypted: false,
        pubKeyHash: { hash: "ff", hashingAlgo: "sha512" },
        appMetadata: { a: 1 },
      },
    });
  });
});

suite("filters of clients", () => {
  test("match unanchored, also with groups", () => {
    const names = ["@bob:one.app@alice", "two.app@alice", "three@alice"];
    assert.deepEqual(new ClientRegex("\\.app@").filter(names), names.slice(0, 2));
    assert.deepEqual(new ClientRegex("^(two|three)").filter(names), names.slice(1));
    assert.deepEqual(new ClientRegex("TWO", "i").filter(names), ["two.app@alice"]);
  });

  test("are cut off when they backtrack without end", () => {
    for (const source of ["(a+)+$", "(a|a)*$", "a*a*a*a*a*a*a*b"])
      assert.throws(() => new ClientRegex(source).filter([`${"a".repeat(200)}!`]), hasCode("AT0022"), source);
  });
});

test("what a clock that was ahead wrote is there when it is right; what is to be there later is not", () => {
  const now = Date.parse("2026-01-05T10:00:00.000Z");
  const ahead = now + 30 * 86_400_000;
  const written = (ttb: number) => ({
    key: "public:publickey@alice",
    value: "v",
    metadata: mergeMetadata(undefined, { ttb }, { by: "@alice", now: ahead, keepFlags: false }),
  });
  assert.equal(formatRecord(written(0), undefined, now), "v");
  assert.equal(formatRecord(written(1_000), undefined, ahead), "null");
  assert.equal(formatRecord(written(1_000), undefined, ahead + 1_000), "v");
});
