import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import {
  activateApkam,
  AtClient,
  AtError,
  checkEnrollment,
  readAtKeysFile,
  requestEnrollment,
  tlsTransport,
  type Transport,
  writeAtKeysFile,
} from "@atsign/atsdk";
import { startSandbox, temporaryFolder } from "../sandbox/at-server/with-sandbox.ts";

const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;

/** Loses the connection when a line that starts so is to be sent. */
const failingAt =
  (line: string): Transport =>
  async (options) => {
    const stream = await tlsTransport(options);
    return { ...stream, write: (text) => (text.startsWith(line) ? stream.close() : stream.write(text)) };
  };

suite("activation as the first enrollment", () => {
  test("writes the key file first, and can be repeated wherever it broke off", async (t) => {
    const sandbox = await startSandbox(t);
    const folder = temporaryFolder(t);
    const cramSecret = sandbox.cramSecrets["@alice"] ?? "";
    const keyFile = join(folder, "@alice_key.atKeys");
    const options = { ...sandbox, atSign: "@alice", cramSecret, keyFile };
    await assert.rejects(activateApkam({ ...options, cramSecret: "wrong" }), hasCode("AT0401"));
    assert.ok(!existsSync(keyFile));
    const notEnrolled = activateApkam({ ...options, transport: failingAt("enroll:request") });
    await assert.rejects(notEnrolled, hasCode("closed"));
    const before = await readAtKeysFile(keyFile);
    assert.equal(before.enrollmentId, undefined);

    // Broken off after enrolling, before the id was written.
    const brokenOff = activateApkam({ ...options, transport: failingAt("update:public") });
    await assert.rejects(brokenOff, hasCode("closed"));
    const { enrollmentId, ...enrolled } = await readAtKeysFile(keyFile);
    assert.deepEqual(enrolled, before);
    await writeAtKeysFile(keyFile, enrolled);
    await assert.rejects(AtClient.open({ ...options, keys: enrolled }), hasCode("AT0401"));

    const active = await activateApkam(options);
    assert.equal(active.enrollmentId, enrollmentId);
    assert.deepEqual(await readAtKeysFile(keyFile), active);
    assert.deepEqual(await activateApkam(options), active);
    const alice = await AtClient.open({ ...options, keys: active });
    t.after(() => alice.close());
    const [first] = await alice.enrollments.list();
    assert.deepEqual(first?.namespaces, { "*": "rw", __manage: "rw" });
    await alice.put({ kind: "public", name: "x", namespace: "app" }, "x");

    rmSync(keyFile);
    await assert.rejects(activateApkam(options), hasCode("AT0401"));
    assert.ok(!existsSync(keyFile));
  });

  test("a first device approves a second one", async (t) => {
    const sandbox = await startSandbox(t);
    const keyFile = join(temporaryFolder(t), "alice.atKeys");
    const cramSecret = sandbox.cramSecrets["@alice"] ?? "";
    const keys = await activateApkam({ ...sandbox, atSign: "@alice", cramSecret, keyFile });
    const alice = await AtClient.open({ ...sandbox, atSign: "@alice", keys });
    t.after(() => alice.close());
    const pending = await requestEnrollment({
      ...sandbox,
      atSign: "@alice",
      appName: "stock",
      deviceName: "laptop",
      namespaces: { stock: "rw" },
      otp: await alice.enrollments.createPasscode(),
    });
    await alice.enrollments.approve(pending.enrollmentId);
    const outcome = await checkEnrollment(pending, sandbox);
    assert.ok(outcome.status === "approved");
    const laptop = await AtClient.open({ ...sandbox, atSign: "@alice", keys: outcome.keys });
    t.after(() => laptop.close());
    await laptop.put({ kind: "self", name: "x", namespace: "stock" }, "both");
    assert.equal(await alice.get({ kind: "self", name: "x", namespace: "stock" }), "both");
  });
});
