import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { AtError, generateAtKeys, readAtKeysFile, writeAtKeysFile } from "@atsign/atsdk";
import { formatAtKeys, parseAtKeys } from "../../../src/atsdk/at-keys.ts";
import { aliceKeys, vectors } from "./vectors.ts";

suite(".atKeys files", () => {
  test("the file of at_python is read and written byte for byte", () => {
    const text = JSON.stringify(vectors.atKeysFiles[0]?.content);
    assert.deepEqual(parseAtKeys(text, "file"), aliceKeys);
    assert.deepEqual(JSON.parse(formatAtKeys(aliceKeys)), vectors.atKeysFiles[0]?.content);
  });

  test("members we do not know survive", () => {
    for (const { content } of vectors.atKeysFiles) {
      const again: unknown = JSON.parse(formatAtKeys(parseAtKeys(JSON.stringify(content), "file")));
      assert.deepEqual(again, content);
    }
  });

  test("an enrollment's file gives its id and its own pair", () => {
    const keys = parseAtKeys(JSON.stringify(vectors.atKeysFiles[2]?.content), "file");
    assert.equal(keys.enrollmentId, vectors.atKeysFiles[2]?.content.enrollmentId);
    assert.equal(keys.apkamSymmetricKey, vectors.keys.apkamSymmetricKeyB64);
    assert.equal(keys.pkamPrivateKey, vectors.keys.aliceApkam.privatePkcs8B64);
  });

  test("a bad file is refused with its name and field", () => {
    const content = vectors.atKeysFiles[0]?.content;
    for (const [text, expected] of [
      ["{", /f\.atKeys is not JSON/],
      ["[]", /f\.atKeys must be a JSON object/],
      ["{}", /selfEncryptionKey/],
      [JSON.stringify({ ...content, aesPkamPrivateKey: "AAAA" }), /aesPkamPrivateKey/],
      [JSON.stringify({ ...content, aesEncryptPublicKey: undefined }), /aesEncryptPublicKey/],
    ] as const)
      assert.throws(
        () => parseAtKeys(text, "f.atKeys"),
        (error) =>
          error instanceof AtError && error.code === "invalid-key-file" && expected.test(error.message),
      );
  });

  test("a written file is private and replaces the old one", async () => {
    const folder = mkdtempSync(join(tmpdir(), "at-keys-"));
    try {
      const file = join(folder, "@alice_key.atKeys");
      await writeAtKeysFile(file, { ...aliceKeys, enrollmentId: "old" });
      await writeAtKeysFile(file, aliceKeys);
      assert.deepEqual(await readAtKeysFile(file), aliceKeys);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.deepEqual(await readdir(folder), ["@alice_key.atKeys"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("generated keys are new and of the usual sizes", async () => {
  const keys = await generateAtKeys();
  assert.equal(keys.pkamPublicKey.length, 392);
  assert.equal(keys.encryptionPublicKey.length, 392);
  assert.notEqual(keys.pkamPublicKey, keys.encryptionPublicKey);
  assert.equal(Buffer.from(keys.selfEncryptionKey, "base64").length, 32);
  assert.deepEqual(parseAtKeys(formatAtKeys(keys), "file"), keys);
});
