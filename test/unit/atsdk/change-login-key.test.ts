import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import {
  AtClient,
  AtError,
  type AtKeys,
  changeLoginKey,
  type LoginAlgorithm,
  readAtKeysFile,
  requestEnrollment,
  tlsTransport,
  type Transport,
  waitForEnrollment,
  writeAtKeysFile,
} from "@atsign/atsdk";
import type { AtSandbox } from "../../../src/sandbox/at-server/start-at-sandbox.ts";
import { openClient, startActivated, temporaryFolder } from "../sandbox/at-server/with-sandbox.ts";
import { aliceKeys } from "./vectors.ts";

const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;
/** Made in no time; what is tested with it is the same for all. */
const quick = "ecc_secp256r1";
const algorithms: readonly LoginAlgorithm[] = ["rsa2048", "ecc_secp256r1", "mldsa65"];

interface Laptop {
  readonly sandbox: AtSandbox;
  readonly alice: AtClient;
  readonly keyFile: string;
  readonly keys: AtKeys;
}

/** An enrolled device with its key file. */
async function startLaptop(t: TestContext, signingAlgo: LoginAlgorithm = quick): Promise<Laptop> {
  const { sandbox } = await startActivated(t);
  const alice = await openClient(t, sandbox, "@alice");
  const otp = await alice.enrollments.createPasscode();
  const pending = await requestEnrollment({
    ...sandbox,
    atSign: "@alice",
    appName: "stock",
    deviceName: "laptop",
    namespaces: { stock: "rw" },
    otp,
    signingAlgo,
  });
  await alice.enrollments.approve(pending.enrollmentId);
  const outcome = await waitForEnrollment(pending, sandbox);
  assert.ok(outcome.status === "approved");
  const keyFile = join(temporaryFolder(t), "laptop.atKeys");
  await writeAtKeysFile(keyFile, { ...outcome.keys, other: { note: "kept" } });
  return { sandbox, alice, keyFile, keys: outcome.keys };
}

/** Whether these keys let somebody in who can then write where the enrollment may. */
async function letsIn(sandbox: AtSandbox, keys: AtKeys): Promise<boolean> {
  try {
    const client = await AtClient.open({ ...sandbox, atSign: "@alice", keys });
    await client.put({ kind: "self", name: "note", namespace: "stock" }, "from the laptop");
    await client.close();
    return true;
  } catch (error) {
    if (error instanceof AtError && error.code === "AT0401") return false;
    throw error;
  }
}

/** Loses the connection before a line that starts so is sent, or when its reply comes. */
const losing =
  (line: string, what: "request" | "reply"): Transport =>
  async (options) => {
    const stream = await tlsTransport(options);
    let isAsked = false;
    return {
      ...stream,
      write: (text) => {
        isAsked = text.startsWith(line);
        if (isAsked && what === "request") stream.close();
        else stream.write(text);
      },
      listen: (listener) =>
        stream.listen({ ...listener, data: (chunk) => (isAsked ? stream.close() : listener.data(chunk)) }),
    };
  };

suite("changing an enrollment's login key", () => {
  for (const signingAlgo of algorithms)
    test(`to ${signingAlgo}, and back: the old key lets nobody in, the rest stays`, async (t) => {
      const { sandbox, alice, keyFile, keys } = await startLaptop(t);
      const open = await AtClient.open({ ...sandbox, atSign: "@alice", keys });
      t.after(() => open.close());
      const before = await alice.enrollments.fetch(keys.enrollmentId ?? "");
      const asked = signingAlgo === "rsa2048" ? {} : { signingAlgo }; // the default
      const changed = await changeLoginKey({ ...sandbox, atSign: "@alice", keyFile, ...asked });
      assert.deepEqual(await readAtKeysFile(keyFile), changed);
      assert.deepEqual(
        { ...changed, pkamPublicKey: "", pkamPrivateKey: "" },
        { ...keys, pkamPublicKey: "", pkamPrivateKey: "", other: { note: "kept" } },
      );
      assert.notEqual(changed.pkamPublicKey, keys.pkamPublicKey);
      assert.ok(!existsSync(`${keyFile}.next`));
      assert.equal(statSync(keyFile).mode & 0o777, 0o600);
      assert.deepEqual([await letsIn(sandbox, keys), await letsIn(sandbox, changed)], [false, true]);
      assert.deepEqual(await alice.enrollments.fetch(before.id), before);
      assert.equal(
        await open.get({ kind: "self", name: "note", namespace: "stock" }),
        "from the laptop",
        "an open connection stays",
      );
      const back = await changeLoginKey({ ...sandbox, atSign: "@alice", keyFile, signingAlgo: quick });
      assert.deepEqual([await letsIn(sandbox, changed), await letsIn(sandbox, back)], [false, true]);
    });

  for (const signingAlgo of algorithms)
    test(`a device may be enrolled with ${signingAlgo} from the start`, async (t) => {
      const { sandbox, keys } = await startLaptop(t, signingAlgo);
      assert.ok(await letsIn(sandbox, keys));
    });

  for (const what of ["request", "reply"] as const)
    test(`is finished by the next call when the ${what} was lost`, async (t) => {
      const { sandbox, keyFile, keys } = await startLaptop(t);
      const options = { ...sandbox, atSign: "@alice", keyFile, signingAlgo: quick } as const;
      const broken = changeLoginKey({ ...options, transport: losing("enroll:update", what) });
      await assert.rejects(broken, hasCode("closed"));
      assert.deepEqual((await readAtKeysFile(keyFile)).pkamPrivateKey, keys.pkamPrivateKey);
      const waiting = await readAtKeysFile(`${keyFile}.next`);
      assert.equal(await letsIn(sandbox, keys), what === "request");
      assert.equal(await letsIn(sandbox, waiting), what === "reply");
      await assert.rejects(
        changeLoginKey({ ...options, signingAlgo: "mldsa65" }),
        hasCode("invalid-key-file"),
        "the waiting key is never replaced by another",
      );
      assert.deepEqual(await changeLoginKey(options), waiting);
      assert.deepEqual([await letsIn(sandbox, keys), await letsIn(sandbox, waiting)], [false, true]);
      assert.equal(readdirSync(join(keyFile, "..")).length, 1);
    });

  test("at the same time twice loses no key: a call later all is in order", async (t) => {
    const { sandbox, keyFile, keys } = await startLaptop(t);
    const options = { ...sandbox, atSign: "@alice", keyFile, signingAlgo: quick } as const;
    const outcomes = await Promise.allSettled([changeLoginKey(options), changeLoginKey(options)]);
    assert.ok(outcomes.some(({ status }) => status === "fulfilled"));
    const before = await readAtKeysFile(keyFile);
    assert.deepEqual([await letsIn(sandbox, keys), await letsIn(sandbox, before)], [false, true]);
    const after = await changeLoginKey(options);
    assert.deepEqual(await readAtKeysFile(keyFile), after);
    assert.deepEqual([await letsIn(sandbox, before), await letsIn(sandbox, after)], [false, true]);
    assert.equal(readdirSync(join(keyFile, "..")).length, 1);
  });

  test("is refused, and changes no file, without an enrollment or for a revoked one", async (t) => {
    const { sandbox, alice, keyFile, keys } = await startLaptop(t);
    const options = { ...sandbox, atSign: "@alice", keyFile, signingAlgo: quick } as const;
    await alice.enrollments.revoke(keys.enrollmentId ?? "");
    await assert.rejects(changeLoginKey(options), hasCode("AT0027"));
    assert.equal((await readAtKeysFile(keyFile)).pkamPrivateKey, keys.pkamPrivateKey);
    const own = join(temporaryFolder(t), "alice.atKeys");
    await writeAtKeysFile(own, aliceKeys);
    await assert.rejects(changeLoginKey({ ...options, keyFile: own }), hasCode("invalid-key-file"));
    assert.ok(!existsSync(`${own}.next`));
  });

  test("keeps a key file's passphrase", async (t) => {
    const { sandbox, keyFile, keys } = await startLaptop(t);
    const passphrase = "correct horse";
    await writeAtKeysFile(keyFile, keys, { passphrase });
    const options = { ...sandbox, atSign: "@alice", keyFile, signingAlgo: quick } as const;
    await assert.rejects(changeLoginKey(options), hasCode("passphrase-needed"));
    const changed = await changeLoginKey({ ...options, passphrase });
    await assert.rejects(readAtKeysFile(keyFile), hasCode("passphrase-needed"));
    assert.deepEqual(await readAtKeysFile(keyFile, { passphrase }), changed);
  });
});
