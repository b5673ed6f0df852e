import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { suite, test } from "node:test";
import { AtError } from "@atsign/atsdk";
import {
  enrollUpdateCommand,
  type LoginAlgorithm,
  possessionText,
} from "../../../src/atsdk/codec/enrollment.ts";
import { loginAlgorithm, loginKey, newLoginPair, signLogin } from "../../../src/atsdk/login-key.ts";
import { possessionText as serverText } from "../../../src/sandbox/at-server/amend-enrollment.ts";
import { isLoginKey, isSignedBy, readLoginKey } from "../../../src/sandbox/at-server/login-key.ts";
import { vectorSets } from "./vectors.ts";

const algorithms: readonly LoginAlgorithm[] = ["rsa2048", "ecc_secp256r1", "mldsa65"];
const forms = {
  rsa2048: /^[A-Za-z0-9+/]{392}$/,
  ecc_secp256r1: /^04[0-9a-f]{128}$/,
  mldsa65: /^[A-Za-z0-9+/]{2603}=$/,
};
const isInvalid = (error: unknown) => error instanceof AtError && error.code === "invalid-value";

suite("login keys", () => {
  for (const algorithm of algorithms)
    test(`${algorithm}: what the client signs, the server takes, and nothing else`, async () => {
      const pair = await newLoginPair(algorithm);
      const other = await newLoginPair(algorithm);
      assert.match(pair.publicKey, forms[algorithm]);
      assert.equal(loginAlgorithm(loginKey(pair.privateKey)), algorithm);
      assert.ok(isLoginKey(pair.publicKey));
      const text = "_sid@alice:challenge";
      const signature = signLogin(text, loginKey(pair.privateKey));
      const takes = (publicKey: string, given: { text: string; signature: string }, as = algorithm) =>
        isSignedBy(publicKey, as, given);
      assert.ok(takes(pair.publicKey, { text, signature }));
      assert.ok(!takes(pair.publicKey, { text: `${text}.`, signature }));
      assert.ok(!takes(other.publicKey, { text, signature }));
      for (const as of algorithms.filter((each) => each !== algorithm))
        assert.ok(!takes(pair.publicKey, { text, signature }, as), `not as ${as}`);
      const bytes = Buffer.from(signature, "base64");
      const altered = Buffer.from(bytes);
      altered[7] = (altered[7] ?? 0) ^ 1;
      for (const bad of [altered, bytes.subarray(1), Buffer.concat([bytes, bytes]), Buffer.alloc(0)])
        assert.ok(!takes(pair.publicKey, { text, signature: bad.toString("base64") }));
    });

  test("what is no key is none for either side", async () => {
    const { publicKey: point } = await newLoginPair("ecc_secp256r1");
    const offCurve = `${point.slice(0, -1)}${point.endsWith("0") ? "1" : "0"}`;
    for (const text of ["", "04", point.slice(2), offCurve, `${point}00`, "x".repeat(2604), "A".repeat(2600)])
      for (const algorithm of algorithms) assert.equal(readLoginKey(text, algorithm), undefined);
    assert.ok(readLoginKey(point.toUpperCase(), "ecc_secp256r1"));
    const small = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
    const otherCurve = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
    const exchange = generateKeyPairSync("x25519").privateKey;
    for (const key of [small, otherCurve, exchange]) {
      const der = key.export({ type: "pkcs8", format: "der" }).toString("base64");
      assert.throws(() => loginKey(der), isInvalid);
    }
    assert.throws(() => loginKey("AAAA"), isInvalid);
  });
});

for (const { name, set } of vectorSets) {
  const v = set.signatures.find(({ id }) => id === "enroll-update-possession") ?? assert.fail(name);
  test(`${name}: ${v.id} is what the client signs and the server checks`, () => {
    const [id = "", publicKey = "", signingAlgo] = v.messageUtf8.split("|");
    assert.equal(signingAlgo, "rsa2048");
    assert.equal(possessionText(id, publicKey, "rsa2048"), v.messageUtf8);
    assert.equal(serverText(id, publicKey, "rsa2048"), v.messageUtf8);
    const key = loginKey(set.keys.aliceApkam.privatePkcs8B64);
    assert.equal(set.keys.aliceApkam.publicSpkiB64, publicKey);
    assert.equal(signLogin(v.messageUtf8, key), v.signatureB64);
    assert.ok(isSignedBy(publicKey, "rsa2048", { text: v.messageUtf8, signature: v.signatureB64 }));
    assert.equal(
      enrollUpdateCommand(id, {
        apkamPublicKey: publicKey,
        signingAlgo: "rsa2048",
        apkamPublicKeySignature: v.signatureB64,
      }),
      `enroll:update:{"enrollmentId":"${id}","apkamPublicKey":"${publicKey}","signingAlgo":"rsa2048","apkamPublicKeySignature":"${v.signatureB64}"}`,
    );
    assert.throws(() => possessionText("a|b", publicKey, "rsa2048"), isInvalid);
  });
}
