import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { suite, test, type TestContext } from "node:test";
import { AtClient, AtError, type MetadataChange, type OpenOptions, parseKey } from "@atsign/atsdk";
import { encryptAes } from "../../../src/atsdk/aes.ts";
import { owner, startActivated } from "../sandbox/at-server/with-sandbox.ts";
import { aliceKeys, bobKeys, vectors } from "./vectors.ts";

const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;
const name = { name: "msg", namespace: "app" } as const;
const self = { kind: "self", ...name } as const;
const open = { kind: "public", ...name } as const;
const shared = { kind: "shared", ...name, sharedWith: "@bob" } as const;
const fromAlice = { kind: "shared", ...name, sharedBy: "@alice" } as const;

async function world(t: TestContext, options: Partial<OpenOptions> = {}) {
  const { sandbox, time } = await startActivated(t);
  const client = async (atSign: string, more: Partial<OpenOptions> = {}) => {
    const keys = atSign === "@alice" ? aliceKeys : bobKeys;
    const opened = await AtClient.open({ ...sandbox, atSign, keys, clock: () => time.now, ...more });
    t.after(() => opened.close());
    return opened;
  };
  return { sandbox, time, client, alice: await client("@alice", options), bob: await client("@bob") };
}

suite("binary values", () => {
  test("come back as the bytes they were, whoever may read them", async (t) => {
    const { alice, bob } = await world(t);
    for (const length of [0, 1, 13, 14, 15, 16, 10_000]) {
      const bytes = randomBytes(length);
      for (const key of [self, shared, open]) {
        if (key === open && length === 0) continue; // public values must not be empty
        await alice.put(key, bytes);
        const record = await alice.read(key, { verify: true });
        assert.deepEqual(record && Buffer.from(record.value as Uint8Array), bytes);
        assert.equal(record?.metadata.isBinary, true);
        if (key === open) assert.equal(record?.signature?.state, "signed");
      }
      const read = await bob.read(fromAlice);
      assert.deepEqual(read && Buffer.from(read.value as Uint8Array), bytes);
    }
    await assert.rejects(alice.get(shared), hasCode("invalid-value"));
    await alice.put(shared, "text again");
    assert.equal(await alice.get(shared), "text again");
    await assert.rejects(alice.put(open, new Uint8Array()), hasCode("invalid-value"));
  });

  test("that are none are told apart from failed decryption", async (t) => {
    const { sandbox, alice } = await world(t);
    const raw = await owner(t, sandbox, "@alice");
    await raw.ask("update:isBinary:true:isEncrypted:false:public:msg.app@alice latin");
    await assert.rejects(alice.read(open), hasCode("bad-reply"));
  });
});

suite("metadata", () => {
  test("everything that can be written can be read", async (t) => {
    const { alice, time } = await world(t);
    const given: MetadataChange = {
      ttr: 100,
      ccd: true,
      sharedKeyStatus: "shared",
      encKeyName: "k",
      encAlgo: "AES/SIC/PKCS7Padding",
      skeEncKeyName: "publickey",
      skeEncAlgo: "RSA/PKCS1",
      immutable: true,
      appMetadata: { kind: "test", nested: { n: 1, text: "a:b@c d\n" } },
    };
    await alice.put(self, "value", { ttlMs: 60_000, ...given });
    const { ivNonce, ...metadata } = (await alice.readMetadata(self)) ?? {};
    assert.match(ivNonce ?? "", /^[\w+/]{22}==$/);
    assert.deepEqual(metadata, {
      ...given,
      ttl: 60_000,
      ttb: 0,
      version: 0,
      isBinary: false,
      isEncrypted: true,
      createdBy: "@alice",
      status: "active",
      createdAt: time.now,
      updatedAt: time.now,
      availableAt: time.now,
      expiresAt: time.now + 60_000,
      refreshAt: time.now + 100_000,
    });
    assert.deepEqual((await alice.read(self))?.metadata, { ivNonce, ...metadata });
  });

  test("changes alone; the value and its flags stay", async (t) => {
    const { alice, time } = await world(t);
    await alice.put(self, Buffer.from("bytes"), { ttlMs: 60_000, sharedKeyStatus: "old" });
    await alice.updateMetadata(self, { ttl: 120_000, sharedKeyStatus: null });
    const record = await alice.read(self);
    assert.equal(record?.metadata.expiresAt, time.now + 120_000);
    assert.equal(record?.metadata.sharedKeyStatus, undefined);
    assert.equal(String(Buffer.from(record?.value as Uint8Array)), "bytes");
    await assert.rejects(alice.updateMetadata({ kind: "self", name: "none" }, { ttl: 1 }), hasCode("AT0015"));
    await assert.rejects(alice.updateMetadata(self, { ttl: 1.5 }), hasCode("invalid-value"));
  });

  test("a shared value says for which key it is by pubKeyCS alone: at_c crashes at a stored pubKeyHash", async (t) => {
    const { alice } = await world(t);
    await alice.put(shared, "value");
    const metadata = await alice.readMetadata(shared);
    assert.match(metadata?.pubKeyCS ?? "", /^[0-9a-f]{32}$/);
    assert.equal(metadata?.pubKeyHash, undefined);
  });

  test("a value is not visible before its time, and an earlier delay does not stay", async (t) => {
    const { alice, time } = await world(t);
    await alice.put(self, "later", { ttbMs: 1_000 });
    assert.equal(await alice.get(self), undefined);
    time.now += 1_001;
    assert.equal(await alice.get(self), "later");
    await alice.put(self, "now");
    assert.equal(await alice.get(self), "now");
  });

  test("what would be wrong is refused before it is sent", async (t) => {
    const { alice } = await world(t);
    for (const options of [
      { ccd: true },
      { appMetadata: { providerId: "other" } },
      { ttbMs: -1 },
      { encKeyName: "a:b" },
      { encAlgo: "x\ndelete:y@alice" },
      { sharedKeyStatus: "" },
    ])
      await assert.rejects(alice.put(self, "x", options), hasCode("invalid-value"), JSON.stringify(options));
  });
});

suite("keys", () => {
  test("hidden ones are read by name and listed as asked", async (t) => {
    const { alice, bob } = await world(t);
    for (const kind of ["public", "self"] as const)
      for (const hidden of ["_h", "__h"]) await alice.put({ kind, name: hidden, namespace: "app" }, hidden);
    assert.deepEqual(await alice.scan("_h"), []);
    assert.deepEqual(await alice.scan({ regex: "_h", showHidden: true }), [
      "__h.app@alice",
      "_h.app@alice",
      "public:__h.app@alice",
    ]);
    const unlisted = { kind: "public", name: "_h", namespace: "app", sharedBy: "@alice" } as const;
    assert.equal(await bob.get(unlisted), "_h");
  });

  test("copies on our atServer are read and deleted on their own", async (t) => {
    const { alice, bob } = await world(t);
    await alice.put(shared, "one", { ttr: -1 });
    await alice.put(open, "two");
    await bob.get(fromAlice, { useCache: true });
    await bob.get({ ...open, sharedBy: "@alice" }, { useCache: true });
    const copies = (await bob.scan("^cached:.*msg")).map(parseKey);
    assert.deepEqual(copies, [
      { kind: "shared", ...name, sharedWith: "@bob", sharedBy: "@alice", cached: true },
      { kind: "public", ...name, sharedBy: "@alice", cached: true },
    ]);
    await alice.delete(open);
    const [copy, openCopy] = copies;
    assert.ok(copy && openCopy);
    assert.deepEqual([await bob.get(copy), await bob.get(openCopy)], ["one", "two"]);
    const published = { ...open, sharedBy: "@alice" } as const;
    assert.equal(await bob.get(published, { useCache: true }), "two");
    assert.equal(await bob.get(published), undefined, "the owner is asked unless the cache will do");
    await bob.delete(copy);
    await bob.delete(openCopy);
    assert.equal(await bob.get(openCopy), undefined);
    assert.deepEqual(await bob.scan({ sharedBy: "Alice", regex: "msg" }), ["msg.app@alice"]);
    await assert.rejects(bob.get({ ...open, cached: true }), hasCode("invalid-key"));
  });
});

suite("signatures of public values", () => {
  test("are checked when asked for", async (t) => {
    const { sandbox, alice, bob } = await world(t);
    const published = { ...open, sharedBy: "@alice" } as const;
    const state = async () => (await bob.read(published, { verify: true }))?.signature;
    for (const text of ["plain", "two\nlines "]) {
      await alice.put(open, text);
      const fingerprint = vectors.digests[3]?.digestHex; // of bob's key: alice's must differ
      const found = await state();
      assert.ok(found?.state === "signed" && /^[0-9a-f]{64}$/.test(found.keyFingerprint));
      assert.notEqual(found.keyFingerprint, fingerprint);
    }
    assert.equal((await bob.read(published))?.signature, undefined);
    const raw = await owner(t, sandbox, "@alice");
    await raw.ask("update:isEncrypted:false:encoding:null:public:msg.app@alice forged");
    assert.deepEqual(await state(), { state: "invalid" });
    await raw.ask("update:dataSignature:null:isEncrypted:false:public:msg.app@alice bare");
    assert.deepEqual(await state(), { state: "unsigned" });
  });
});

suite("encryption", () => {
  test("of another provider is named, not mistaken for our own", async (t) => {
    const { sandbox, alice, bob } = await world(t);
    const raw = await owner(t, sandbox, "@alice");
    const app = Buffer.from('{"providerId":"at/symmetric/AES/GCM"}').toString("base64");
    const ciphertext = encryptAes("x", vectors.keys.aliceToBobSharedKeyB64);
    for (const key of ["msg.app@alice", "@bob:msg.app@alice"])
      await raw.ask(`update:isEncrypted:true:appMetadata:${app}:${key} ${ciphertext}`);
    await assert.rejects(alice.get(self), hasCode("unsupported-encryption"));
    await assert.rejects(bob.get(fromAlice), hasCode("unsupported-encryption"));
    assert.ok((await alice.readMetadata(self))?.appMetadata);
  });

  test("with the zero IV happens only on demand, and does not leave an IV behind", async (t) => {
    const { alice, client, bob } = await world(t);
    await alice.put(shared, "new way");
    const legacy = await client("@alice", { compatibility: { zeroIv: true } });
    for (const key of [self, shared]) {
      await legacy.put(key, "old way");
      assert.equal((await alice.readMetadata(key))?.ivNonce, undefined);
      assert.equal(await alice.get(key), "old way");
    }
    assert.equal(await bob.get(fromAlice), "old way");
    const taking = bob.notifications({ since: 0, regex: "zero" }).next();
    await legacy.notify({ to: "@bob", name: "zero", namespace: "app", value: "old", ttlMs: 9_000 });
    assert.equal((await taking).value?.value, "old");
    await alice.put(shared, "new again");
    assert.match((await alice.readMetadata(shared))?.ivNonce ?? "", /==$/);
  });
});

suite("a peer's changed key", () => {
  const renewed = { ...bobKeys, encryptionPublicKey: aliceKeys.encryptionPublicKey };

  test("is asked about, refused, and accepted", async (t) => {
    const asked: string[] = [];
    let answer = false;
    const stored = new Map<string, string>();
    const { alice, bob, time, client } = await world(t, {
      peerKeys: stored,
      onPeerKeyChange: ({ peer, known, found }) => {
        asked.push(peer);
        assert.notEqual(known, found);
        return answer;
      },
    });
    await alice.put(shared, "one");
    assert.match(stored.get("@bob") ?? "", /^[0-9a-f]{64}$/);
    await bob.put({ kind: "public", name: "publickey" }, renewed.encryptionPublicKey);
    await alice.put(shared, "within ten minutes nobody looks");
    time.now += 600_000;
    await assert.rejects(alice.put(shared, "two"), hasCode("peer-key-changed"));
    await assert.rejects(alice.put(shared, "two"), hasCode("peer-key-changed"));
    const again = await client("@alice", { peerKeys: stored, onPeerKeyChange: () => false });
    await assert.rejects(again.put(shared, "after a restart"), hasCode("peer-key-changed"));
    answer = true;
    await alice.put(shared, "three");
    assert.deepEqual(asked, ["@bob", "@bob", "@bob"]);
    const newBob = await client("@bob", {
      keys: { ...renewed, encryptionPrivateKey: aliceKeys.encryptionPrivateKey },
    });
    assert.equal(await newBob.get(fromAlice), "three");
  });
});
