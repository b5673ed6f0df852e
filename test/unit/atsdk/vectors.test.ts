import assert from "node:assert/strict";
import { verify } from "node:crypto";
import { suite, test } from "node:test";
import { decryptAes, encryptAes } from "../../../src/atsdk/aes.ts";
import { formatAtKeys, parseAtKeys } from "../../../src/atsdk/at-keys.ts";
import { ReplyReader } from "../../../src/atsdk/codec/reply-reader.ts";
import { parseNotification } from "../../../src/atsdk/codec/notification-frame.ts";
import {
  hexDigest,
  rsaPrivateKey,
  rsaPublicKey,
  signRsa,
  unwrapAesKey,
  verifyRsa,
} from "../../../src/atsdk/rsa.ts";
import { given, needsGiven, vectorSets } from "./vectors.ts";

const zeroIv = Buffer.alloc(16).toString("base64");
const payload = (reply: string) => {
  const [frame, ...more] = new ReplyReader().push(Buffer.from(reply));
  assert.deepEqual(more, []);
  assert.ok(frame?.kind === "data");
  return frame.payload;
};

for (const { name, set } of vectorSets) {
  type Pair = { publicSpkiB64: string; privatePkcs8B64: string };
  const keys = set.keys as unknown as Readonly<Record<string, Pair | undefined>>;
  const pair = (ref: string) => keys[ref] ?? assert.fail(`no key ${ref}`);
  const referred = (ref: string) => {
    const [key = "", member] = ref.split(".");
    return pair(key)[member as keyof Pair];
  };

  suite(`${name}: AES`, () => {
    for (const v of set.aesCtr) {
      test(v.id, () => {
        assert.equal(Buffer.from(v.plaintextUtf8).toString("hex"), v.plaintextUtf8Hex);
        assert.equal(encryptAes(v.plaintextUtf8, v.keyB64, v.ivB64), v.ciphertextB64);
        assert.equal(decryptAes(v.ciphertextB64, v.keyB64, v.ivB64), v.plaintextUtf8);
        if (v.ivB64 !== zeroIv) return;
        assert.equal(decryptAes(v.ciphertextB64, v.keyB64), v.plaintextUtf8);
        assert.equal(encryptAes(v.plaintextUtf8, v.keyB64), v.ciphertextB64);
      });
    }
  });

  suite(`${name}: RSA`, () => {
    for (const v of set.rsaPkcs1) {
      test(v.id, () => {
        assert.equal(Buffer.from(v.ciphertextB64, "base64").length, v.ciphertextBytes);
        const key = rsaPrivateKey(pair(v.privateKeyRef).privatePkcs8B64);
        assert.equal(unwrapAesKey(v.ciphertextB64, key), v.plaintextUtf8);
      });
    }
    for (const v of set.signatures) {
      test(v.id, () => {
        const { publicSpkiB64, privatePkcs8B64 } = pair(v.keyRef);
        const key = rsaPublicKey(publicSpkiB64);
        if (v.hash === "SHA-256") {
          assert.equal(signRsa(v.messageUtf8, rsaPrivateKey(privatePkcs8B64)), v.signatureB64);
          assert.ok(verifyRsa(v.messageUtf8, v.signatureB64, key));
        }
        const hash = v.hash.replace("-", "").toLowerCase();
        assert.ok(verify(hash, Buffer.from(v.messageUtf8), key, Buffer.from(v.signatureB64, "base64")));
        for (const line of [v.wirePkam, v.wirePkamLegacy])
          if (line !== undefined) assert.equal(line.slice(line.lastIndexOf(":") + 1), `${v.signatureB64}\n`);
      });
    }
  });

  for (const v of set.digests) {
    test(`${name}: digest ${v.id}`, () => {
      if (v.inputRef === undefined) {
        assert.equal(hexDigest(`${v.secret}${v.challenge}`, "sha512"), v.digestHex);
        assert.equal(v.wireCram, `cram:${v.digestHex}\n`);
        return;
      }
      const algorithm = v.hashingAlgo === undefined ? "md5" : (v.hashingAlgo as "sha256" | "sha512");
      assert.equal(hexDigest(referred(v.inputRef), algorithm), v.digestHex);
    });
  }

  for (const v of set.atKeysFiles) {
    test(`${name}: key file ${v.id}`, () => {
      const found = parseAtKeys(JSON.stringify(v.content), "file");
      const names = {
        aesPkamPublicKey: found.pkamPublicKey,
        aesPkamPrivateKey: found.pkamPrivateKey,
        aesEncryptPublicKey: found.encryptionPublicKey,
        aesEncryptPrivateKey: found.encryptionPrivateKey,
      };
      for (const [field, ref] of Object.entries(v.decryptsTo ?? {}))
        assert.equal(names[field as keyof typeof names], referred(ref));
      assert.equal(found.selfEncryptionKey, set.keys.aliceSelfEncryptionKeyB64);
      assert.deepEqual(JSON.parse(formatAtKeys(found)), v.content);
    });
  }

  for (const v of set.enrollment) {
    test(`${name}: what travels in ${v.id}`, () => {
      const { params } = v;
      assert.deepEqual(JSON.parse(v.wire.slice(v.wire.indexOf("{"))), params);
      if (params.encryptedAPKAMSymmetricKey !== undefined) {
        const key = rsaPrivateKey(pair("aliceEncryption").privatePkcs8B64);
        assert.equal(unwrapAesKey(params.encryptedAPKAMSymmetricKey, key), set.keys.apkamSymmetricKeyB64);
        assert.equal((JSON.parse(payload(v.reply ?? "")) as { status: string }).status, "pending");
        return;
      }
      const open = (reply = "") => {
        const { value, iv } = JSON.parse(payload(reply)) as { value: string; iv?: string };
        return decryptAes(value, set.keys.apkamSymmetricKeyB64, iv);
      };
      assert.equal(open(v.keysGetReplyEncPriv), pair("aliceEncryption").privatePkcs8B64);
      assert.equal(open(v.keysGetReplySelf), set.keys.aliceSelfEncryptionKeyB64);
    });
  }

  for (const v of set.wire) {
    test(`${name}: line ${v.id}`, () => {
      const iv = /ivNonce"?:"?([\w+/=]+)/.exec(v.wire)?.[1];
      const ciphertext = /@alice[ :]([\w+/=]+)\n$|"value":"([^"]+)"/.exec(v.wire);
      if (v.plaintext !== undefined)
        assert.equal(
          decryptAes(ciphertext?.[1] ?? ciphertext?.[2] ?? "", set.keys.aliceToBobSharedKeyB64, iv),
          v.plaintext,
        );
      if (v.reply !== undefined) assert.notEqual(payload(v.reply), "");
      if (!v.wire.startsWith("notification:")) return;
      const [frame] = new ReplyReader().push(Buffer.from(v.wire));
      assert.ok(frame?.kind === "notification");
      const found = parseNotification(frame.payload);
      assert.ok(found !== "statistics");
      assert.equal(found?.from, v.id === "monitor-stats-frame" ? undefined : "@alice");
    });
  }
}

test("given: every line of the recorded sessions is read as one reply", needsGiven, () => {
  for (const { client, connections } of given?.transcripts ?? [])
    for (const { server, exchange } of connections.filter((each) => each.server !== "directory")) {
      const reader = new ReplyReader();
      const frames = exchange
        .filter(([who]) => who === "S")
        .flatMap(([, text]) => reader.push(Buffer.from(text)));
      const lines = exchange.filter(([who, text]) => who === "S" && text.includes("\n"));
      const expected = lines.reduce((sum, [, text]) => sum + text.split("\n").length - 1, 0);
      assert.equal(frames.length, expected, `${client} ${server}`);
      for (const frame of frames)
        if (frame.kind === "error") assert.match(frame.code, /^AT\d{4}$/);
        else if (frame.kind === "notification") assert.doesNotThrow(() => JSON.parse(frame.payload));
    }
});
