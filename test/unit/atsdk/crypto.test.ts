import assert from "node:assert/strict";
import { constants, createPublicKey, publicEncrypt, randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import { decryptAes, encryptAes, newAesKey, newIv } from "../../../src/atsdk/aes.ts";
import { AtError } from "../../../src/atsdk/at-error.ts";
import {
  rsaPrivateKey,
  rsaPublicKey,
  signRsa,
  unwrapAesKey,
  verifyRsa,
  wrapAesKey,
} from "../../../src/atsdk/rsa.ts";
import { vectors } from "./vectors.ts";

const pairs: Record<string, { publicSpkiB64: string; privatePkcs8B64: string }> = {
  aliceEncryption: vectors.keys.aliceEncryption,
  bobEncryption: vectors.keys.bobEncryption,
};
const pair = (name: string) => pairs[name] ?? assert.fail(`no key ${name}`);
const isDecryptFailed = (error: unknown) => error instanceof AtError && error.code === "decrypt-failed";

suite("AES-256-CTR with PKCS#7", () => {
  test("every text comes back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const [key, iv] = [newAesKey(), newIv()];
        assert.equal(decryptAes(encryptAes(text, key, iv), key, iv), text);
      }),
    );
  });

  test("wrong lengths and bad padding are one and the same failure", () => {
    const [key, iv] = [newAesKey(), newIv()];
    const sealed = Buffer.from(encryptAes("0123456789abcdef", key, iv), "base64");
    const flipped = Buffer.from(sealed);
    flipped[20] = (flipped[20] ?? 0) ^ 1; // inside the padding block
    for (const [text, k, i] of [
      ["", key, iv],
      [sealed.subarray(0, 31).toString("base64"), key, iv],
      [sealed.toString("base64"), key, "AAAA"],
      [sealed.toString("base64"), "AAAA", iv],
      [flipped.toString("base64"), key, iv],
    ] as const)
      assert.throws(() => decryptAes(text, k, i), isDecryptFailed);
    for (const [k, i] of [
      ["AAAA", iv],
      [key, "AAAA"],
    ] as const)
      assert.throws(
        () => encryptAes("x", k, i),
        (error) => error instanceof AtError && error.code === "invalid-value",
      );
  });
});

suite("RSA", () => {
  test("a wrapped key comes back", () => {
    const { publicSpkiB64, privatePkcs8B64 } = pair("bobEncryption");
    const key = newAesKey();
    assert.equal(
      unwrapAesKey(wrapAesKey(key, rsaPublicKey(publicSpkiB64)), rsaPrivateKey(privatePkcs8B64)),
      key,
    );
  });

  test("whatever is wrong with a ciphertext, another 44-character key comes out and nothing is thrown", () => {
    const { publicSpkiB64, privatePkcs8B64 } = pair("bobEncryption");
    const spki = createPublicKey({ key: Buffer.from(publicSpkiB64, "base64"), format: "der", type: "spki" });
    const raw = (block: Buffer) =>
      publicEncrypt({ key: spki, padding: constants.RSA_NO_PADDING }, block).toString("base64");
    const key = newAesKey();
    const block = (change: (bytes: Buffer) => void) => {
      const bytes = Buffer.concat([
        Buffer.from([0, 2]),
        Buffer.alloc(209, 7),
        Buffer.from([0]),
        Buffer.from(key),
      ]);
      change(bytes);
      return raw(bytes);
    };
    const privateKey = rsaPrivateKey(privatePkcs8B64);
    assert.equal(
      unwrapAesKey(
        block(() => {}),
        privateKey,
      ),
      key,
      "the block itself is right",
    );
    const bad = [
      "",
      "AAAA",
      Buffer.alloc(256, 0xff).toString("base64"),
      randomBytes(300).toString("base64"),
      block((b) => b.writeUInt8(1, 1)), // block type
      block((b) => b.writeUInt8(0, 9)), // separator too early
      block((b) => b.writeUInt8(1, 211)), // no separator
      block((b) => b.writeUInt8(0x20, 230)), // not base64
      block((b) => b.writeUInt8(0x41, 255)), // not 32 bytes
    ];
    for (const ciphertext of bad) {
      const [one, two] = [unwrapAesKey(ciphertext, privateKey), unwrapAesKey(ciphertext, privateKey)];
      assert.match(one, /^[A-Za-z0-9+/]{43}=$/);
      assert.notEqual(one, key);
      assert.notEqual(one, two, "the replacement is random");
    }
  });

  test("a signature is good for its text and key only", () => {
    const { publicSpkiB64, privatePkcs8B64 } = pair("aliceEncryption");
    const signature = signRsa("text", rsaPrivateKey(privatePkcs8B64));
    const [right, other] = [rsaPublicKey(publicSpkiB64), rsaPublicKey(pair("bobEncryption").publicSpkiB64)];
    assert.ok(verifyRsa("text", signature, right));
    assert.ok(!verifyRsa("text.", signature, right));
    assert.ok(!verifyRsa("text", signature, other));
    for (const text of ["", "AAAA", "no base64!"]) assert.ok(!verifyRsa("text", text, right));
  });

  test("other keys than RSA-2048 are refused", () => {
    for (const text of ["", "AAAA", vectors.keys.aliceSelfEncryptionKeyB64])
      assert.throws(
        () => rsaPublicKey(text),
        (error) => error instanceof AtError && error.code === "invalid-value",
      );
  });
});
