import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { AtError, readAtKeysFile, writeAtKeysFile } from "@atsign/atsdk";
import { parseAtKeys } from "../../../src/atsdk/at-keys.ts";
import { openSealed } from "../../../src/atsdk/passphrase.ts";
import sealed from "../../fixtures/atprotocol/envelopes.json" with { type: "json" };
import { aliceKeys, vectors } from "./vectors.ts";

const passphrase = "correct horse battery";
const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;

function temporaryFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "at-keys-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, "@alice_key.atKeys");
}

suite("key files with a passphrase", () => {
  for (const envelope of sealed.envelopes)
    test(`the file of another implementation is read: ${envelope.id}`, async (t) => {
      const file = temporaryFile(t);
      writeFileSync(file, JSON.stringify(envelope.file));
      const expected = parseAtKeys(JSON.stringify(vectors.atKeysFiles[2]?.content), "file");
      assert.deepEqual(await readAtKeysFile(file, envelope), expected);
      await assert.rejects(readAtKeysFile(file), hasCode("passphrase-needed"));
      const wrong = readAtKeysFile(file, { passphrase: `${envelope.passphrase}!` });
      await assert.rejects(wrong, hasCode("wrong-passphrase"));
    });

  test("what is written comes back, says nothing in clear and is private", async (t) => {
    const file = temporaryFile(t);
    const keys = { ...aliceKeys, other: { fromElsewhere: ["kept"] } };
    await writeAtKeysFile(file, keys, { passphrase });
    assert.deepEqual(await readAtKeysFile(file, { passphrase }), keys);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const text = readFileSync(file, "utf8");
    const { v, hashingAlgoType, kdfParams, salt } = JSON.parse(text) as Record<string, unknown>;
    assert.deepEqual([v, hashingAlgoType], [1, "argon2id"]);
    assert.deepEqual(kdfParams, { memory: 19_456, iterations: 2, parallelism: 1 });
    assert.ok(!text.includes(aliceKeys.selfEncryptionKey));
    await writeAtKeysFile(file, keys, { passphrase });
    assert.notEqual((JSON.parse(readFileSync(file, "utf8")) as { salt: unknown }).salt, salt);
    await assert.rejects(writeAtKeysFile(file, keys, { passphrase: "short" }), hasCode("invalid-value"));
    await writeAtKeysFile(file, keys);
    assert.deepEqual(await readAtKeysFile(file, { passphrase }), keys);
  });

  test("what cannot be opened is told apart", async () => {
    const [legacy, current] = sealed.envelopes.map(({ file }) => file);
    for (const [fields, code, phrase = passphrase] of [
      [{ ...current, v: 2 }, "unsupported-encryption"],
      [{ ...current, hashingAlgoType: "sha512" }, "unsupported-encryption"],
      [{ ...legacy }, "unsupported-encryption", "short"],
      [{ ...current, salt: "AA==" }, "invalid-key-file"],
      [{ ...current, kdfParams: null }, "invalid-key-file"],
      [{ ...current, kdfParams: { memory: 1e9, iterations: 2, parallelism: 1 } }, "invalid-key-file"],
      [{ ...current, content: 7 }, "invalid-key-file"],
      [{ ...current, content: "AAAA" }, "wrong-passphrase"],
    ] as const)
      await assert.rejects(
        openSealed(fields, phrase, "file"),
        hasCode(code),
        JSON.stringify(fields).slice(-200),
      );
  });

  test("a Node.js without argon2 is named as the reason", async () => {
    const fields = sealed.envelopes[1]?.file ?? {};
    await assert.rejects(openSealed(fields, passphrase, "file", {}), hasCode("no-argon2"));
  });
});
