import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import { AtError, toAtSign } from "@atsign/atsdk";
import { fullKey } from "../../../src/atsdk/codec/at-key.ts";
import { readMetadata, writeMetadata } from "../../../src/atsdk/codec/metadata.ts";
import { vectors } from "./vectors.ts";

const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;

suite("atSigns", () => {
  test("are brought to one form", () => {
    assert.equal(toAtSign("Alice"), "@alice");
    assert.equal(toAtSign("@a.li.ce"), "@alice");
    assert.equal(toAtSign("@alice🛠"), "@alice🛠");
    assert.equal(toAtSign(`@${"a".repeat(54)}`).length, 55);
  });

  test("anything that could be another command is refused", () => {
    for (const text of ["", "@", "a@b", "@a:b", "@a b", "@a\nb", "@a\u0000", `@${"a".repeat(55)}`, "..."])
      assert.throws(() => toAtSign(text), hasCode("invalid-at-sign"), JSON.stringify(text));
  });
});

suite("keys", () => {
  test("are written as specified", () => {
    const name = { name: "phone", namespace: "myapp" };
    assert.equal(fullKey({ kind: "self", ...name }, "@alice"), "phone.myapp@alice");
    assert.equal(fullKey({ kind: "public", ...name }, "@alice"), "public:phone.myapp@alice");
    assert.equal(fullKey({ kind: "shared", ...name, sharedWith: "Bob" }, "@alice"), "@bob:phone.myapp@alice");
    assert.equal(fullKey({ kind: "self", name: "phone" }, "@alice"), "phone@alice");
  });

  test("must be short, and shared ones need a recipient", () => {
    assert.throws(() => fullKey({ kind: "self", name: "a".repeat(245) }, "@alice"), hasCode("invalid-key"));
    assert.throws(() => fullKey({ kind: "shared", name: "x" }, "@alice"), hasCode("invalid-key"));
  });

  test("no name smuggles anything onto the wire", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        let key: string;
        try {
          key = fullKey({ kind: "self", name }, "@alice");
        } catch (error) {
          assert.ok(hasCode("invalid-key")(error));
          return;
        }
        assert.match(key, /^[a-z0-9._-]+@alice$/);
      }),
    );
  });
});

suite("metadata", () => {
  test("is written in the order that servers demand", () => {
    const wire = vectors.wire.find((w) => w.id === "update-shared-current")?.wire ?? "";
    const [, sharedKeyEnc = "", pubKeyCS = "", ivNonce = ""] =
      /sharedKeyEnc:([^:]+):pubKeyCS:([^:]+):ivNonce:([^:]+):/.exec(wire) ?? [];
    const text = writeMetadata({ ivNonce, pubKeyCS, sharedKeyEnc, isEncrypted: true });
    assert.ok(wire.startsWith(`update${text}:@bob:msg.myapp@alice `));
    assert.equal(
      writeMetadata({ encoding: "base64", ttr: -1, dataSignature: "ab=", ttl: 5, isEncrypted: false }),
      ":ttl:5:ttr:-1:dataSignature:ab=:isEncrypted:false:encoding:base64",
    );
  });

  test("values that would break the line are refused", () => {
    for (const ivNonce of ["", "a b", "a:b", "a@b", "a\nb"])
      assert.throws(() => writeMetadata({ ivNonce }), hasCode("invalid-value"));
  });

  test("is read from any JSON, in any order, with null and unknown members", () => {
    assert.deepEqual(
      readMetadata({ zzz: 1, ivNonce: "iv", ttl: "60", isEncrypted: "true", pubKeyCS: null }),
      {
        ivNonce: "iv",
        ttl: 60,
        isEncrypted: true,
      },
    );
    assert.deepEqual(readMetadata({ pubKeyHash: '{"hash":"ab","hashingAlgo":"sha512"}' }), {
      pubKeyHash: { hash: "ab", hashingAlgo: "sha512" },
    });
    fc.assert(fc.property(fc.jsonValue(), (value) => typeof readMetadata(value) === "object"));
  });
});
