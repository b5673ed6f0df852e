import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AtClient, AtError, checkEnrollment, type PendingEnrollment, waitForEnrollment } from "@atsign/atsdk";
import { encryptAes, newIv } from "../../../src/atsdk/aes.ts";
import { FakeNetwork } from "./fake-network.ts";
import { bobKeys, vectors } from "./vectors.ts";

const directory = { host: "127.0.0.1", port: 1 };
const noPause = () => Promise.resolve();
const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;
const pending: PendingEnrollment = {
  atSign: "@bob",
  enrollmentId: "e-1",
  pkamPublicKey: bobKeys.pkamPublicKey,
  pkamPrivateKey: bobKeys.pkamPrivateKey,
  apkamSymmetricKey: vectors.keys.apkamSymmetricKeyB64,
  encryptionPublicKey: bobKeys.encryptionPublicKey,
};

/** Answers `keys:get` like a server whose approver sent these texts with random IVs. */
function answerKeys(network: FakeNetwork, encryptionPrivateKey: string, selfEncryptionKey: string): void {
  network.answer = (line) => {
    const text = line.includes("default_enc_private_key") ? encryptionPrivateKey : selfEncryptionKey;
    if (!line.startsWith("keys:get:keyName:e-1.")) return undefined;
    const iv = newIv();
    return `data:${JSON.stringify({ value: encryptAes(text, pending.apkamSymmetricKey, iv), iv })}\n@bob@`;
  };
}

suite("polling an atServer for the decision", () => {
  for (const [reply, status] of [
    ["error:AT0401-Exception: pkam authentication failed", "pending"],
    ["error:AT0026:enrollment_id: e-1 is pending", "pending"],
    ["error:AT0025:enrollment_id: e-1 is denied", "denied"],
    ["error:AT0027:enrollment_id: e-1 is revoked", "revoked"],
    ["error:AT0028:enrollment_id: e-1 is expired or invalid", "expired"],
    ['error:{"errorCode":"AT0025","errorDescription":"denied"}', "denied"],
  ] as const)
    test(`${reply} is ${status}`, async () => {
      const network = new FakeNetwork();
      network.pkamReply = `${reply}\n@`;
      const { transport } = network;
      assert.deepEqual(await checkEnrollment(pending, { directory, transport }), { status });
      const sent = network.atServers[0]?.lines.at(-1);
      assert.match(sent ?? "", /^pkam:signingAlgo:rsa2048:hashingAlgo:sha256:enrollmentId:e-1:[\w+/]+=*$/);
      assert.ok(network.atServers.every(({ isClosed }) => isClosed));
    });

  test("it outlasts lost connections, and forgets refusals between them", async () => {
    const network = new FakeNetwork();
    answerKeys(network, bobKeys.encryptionPrivateKey, bobKeys.selfEncryptionKey);
    const { transport } = network;
    const replies = ["error:AT0011-busy", "error:AT0011-busy", "error:AT0026:pending", "error:AT0011-busy"];
    const outcome = await waitForEnrollment(pending, {
      directory,
      transport,
      pause: async (attempt) => {
        network.isDown = attempt % 2 === 0;
        const reply = network.isDown ? undefined : replies.shift();
        network.pkamReply = `${reply ?? "data:success"}\n@bob@`;
      },
    });
    assert.ok(outcome.status === "approved");
    assert.deepEqual(outcome.keys, {
      ...bobKeys,
      enrollmentId: "e-1",
      apkamSymmetricKey: pending.apkamSymmetricKey,
    });
  });

  test("it stops at once when told so while the server is silent", async () => {
    const network = new FakeNetwork();
    const stop = new AbortController();
    network.answer = () => {
      queueMicrotask(() => stop.abort());
      return undefined;
    };
    const { transport } = network;
    const waiting = waitForEnrollment(pending, { directory, transport, signal: stop.signal, pause: noPause });
    await assert.rejects(waiting, hasCode("aborted"));
    assert.ok(network.atServers.every(({ isClosed }) => isClosed));
  });

  test("it stops at the third refusal in a row", async () => {
    const network = new FakeNetwork();
    network.pkamReply = "error:AT0011-Internal\n@";
    const { transport } = network;
    const waiting = waitForEnrollment(pending, { directory, transport, pause: noPause });
    await assert.rejects(waiting, hasCode("AT0011"));
    assert.equal(network.connects, 3);
  });

  test("keys that were altered on the way, or are none, are refused at once", async () => {
    const { encryptionPrivateKey, selfEncryptionKey, pkamPrivateKey } = bobKeys;
    // In each of the key's numbers, n to qi.
    const altered = [200, 600, 900, 1_000, 1_150, 1_330, 1_500].map((place) => [
      `${encryptionPrivateKey.slice(0, place)}AAAA${encryptionPrivateKey.slice(place + 4)}`,
      selfEncryptionKey,
    ]);
    for (const [privateKey = "", selfKey = ""] of [
      ...altered,
      [pkamPrivateKey, selfEncryptionKey],
      [encryptionPrivateKey, "short"],
      [encryptionPrivateKey, `${selfEncryptionKey}\n`],
      ["not a key", selfEncryptionKey],
    ]) {
      const network = new FakeNetwork();
      answerKeys(network, privateKey, selfKey);
      const { transport } = network;
      const waiting = waitForEnrollment(pending, { directory, transport, pause: noPause });
      await assert.rejects(waiting, hasCode("decrypt-failed"));
      assert.equal(network.connects, 1);
    }
  });
});

test("the enrollment called primary logs in as the atSign's own key", async (t) => {
  const network = new FakeNetwork();
  const { transport } = network;
  const keys = { ...bobKeys, enrollmentId: "primary" };
  const client = await AtClient.open({ atSign: "@bob", keys, directory, transport });
  t.after(() => client.close());
  assert.match(network.atServers[0]?.lines.at(-1) ?? "", /^pkam:[\w+/]+=*$/);
});
