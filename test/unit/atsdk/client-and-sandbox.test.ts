import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { activate, AtClient, AtError, type AtNotification, lookUp } from "@atsign/atsdk";
import { startAtSandbox } from "../../../src/sandbox/at-server/start-at-sandbox.ts";
import {
  activateBoth,
  openClient,
  RawConnection,
  startSandbox,
  temporaryFolder,
} from "../sandbox/at-server/with-sandbox.ts";
import { aliceKeys, bobKeys, vectors } from "./vectors.ts";

const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;
const name = { name: "msg", namespace: "app" } as const;

/** Collects notifications until there are `count`. */
async function collect(stream: AsyncIterable<AtNotification>, count: number): Promise<AtNotification[]> {
  const seen: AtNotification[] = [];
  for await (const notification of stream) {
    seen.push(notification);
    if (seen.length === count) break;
  }
  return seen;
}

suite("activation", () => {
  test("works once with the secret, and only with it", async (t) => {
    const sandbox = await startSandbox(t);
    const cramSecret = sandbox.cramSecrets["@alice"] ?? "";
    assert.match(cramSecret, /^[0-9a-f]{128}$/);
    const alice = { ...sandbox, atSign: "@alice", keys: aliceKeys };
    await assert.rejects(activate({ ...alice, cramSecret: `${cramSecret}0` }), hasCode("AT0401"));
    await assert.rejects(AtClient.open(alice), hasCode("AT0401"));
    await activate({ ...alice, cramSecret });
    await assert.rejects(activate({ ...alice, cramSecret }), hasCode("AT0401"));
    await assert.rejects(AtClient.open({ ...alice, keys: bobKeys }), hasCode("AT0401"));
    await (await AtClient.open(alice)).close();
  });

  test("an unknown atSign and an untrusted authority are told apart", async (t) => {
    const sandbox = await startSandbox(t);
    await assert.rejects(lookUp("@nobody", sandbox), hasCode("not-in-directory"));
    await assert.rejects(lookUp("@alice", { directory: sandbox.directory }), hasCode("connect-failed"));
  });
});

suite("values", () => {
  test("self, public and shared values come back to whom they are for", async (t) => {
    const sandbox = await startSandbox(t);
    await activateBoth(sandbox);
    const alice = await openClient(t, sandbox, "@alice");
    const bob = await openClient(t, sandbox, "@bob");
    const text = "Größe, 世界 🛠️\nsecond line ";

    await alice.put({ kind: "self", ...name }, text);
    assert.equal(await alice.get({ kind: "self", ...name }), text);
    await alice.put({ kind: "public", ...name }, text);
    assert.equal(await alice.get({ kind: "public", ...name }), text);
    assert.equal(await bob.get({ kind: "public", ...name, sharedBy: "@alice" }), text);
    await alice.put({ kind: "public", ...name }, "plain text");
    assert.equal(await bob.get({ kind: "public", ...name, sharedBy: "@alice" }), "plain text");

    const shared = { kind: "shared", ...name, sharedWith: "@bob" } as const;
    await alice.put(shared, text);
    assert.equal(await bob.get({ kind: "shared", ...name, sharedBy: "@alice" }), text);
    assert.equal(await alice.get(shared), text);
    const toSelf = { kind: "shared", ...name, sharedWith: "@alice" } as const;
    await alice.put(toSelf, text);
    assert.equal(await alice.get(toSelf), text);

    assert.deepEqual(await alice.scan("msg"), [
      "@alice:msg.app@alice",
      "@bob:msg.app@alice",
      "msg.app@alice",
      "public:msg.app@alice",
    ]);
    await alice.delete(shared);
    await alice.delete(shared);
    assert.equal(await bob.get({ kind: "shared", ...name, sharedBy: "@alice" }), undefined);
    assert.equal(await alice.get({ kind: "self", name: "never" }), undefined);
    await assert.rejects(bob.get({ kind: "self", ...name, sharedBy: "@alice" }), hasCode("invalid-key"));
    await assert.rejects(alice.put({ kind: "public", name: "empty" }, ""), hasCode("invalid-value"));
  });

  test("the server holds nothing in clear, and expired values are gone", async (t) => {
    let now = 1_800_000_000_000;
    const sandbox = await startSandbox(t, { clock: () => now });
    await activateBoth(sandbox);
    const alice = await openClient(t, sandbox, "@alice");
    await alice.put({ kind: "self", ...name }, "secret words", { ttlMs: 1_000 });
    const raw = await RawConnection.open(t, sandbox, "@alice");
    await raw.read();
    assert.match(await raw.ask("llookup:msg.app@alice"), /^error:AT0401-/);
    now += 1_001;
    assert.equal(await alice.get({ kind: "self", ...name }), undefined);
    await assert.rejects(alice.put({ kind: "self", ...name }, "x", { ttlMs: 0.5 }), hasCode("invalid-value"));
  });

  test("values of other clients are read: legacy zero IV, stored shared key only", async (t) => {
    const sandbox = await startSandbox(t);
    await activateBoth(sandbox);
    const bob = await openClient(t, sandbox, "@bob");
    const alice = await RawConnection.open(t, sandbox, "@alice");
    await alice.read();
    const challenge = (await alice.ask("from:@alice")).slice(5, -2);
    const { signRsa, rsaPrivateKey } = await import("../../../src/atsdk/rsa.ts");
    await alice.ask(`pkam:${signRsa(challenge, rsaPrivateKey(aliceKeys.pkamPrivateKey))}`);
    const wire = (id: string) => vectors.wire.find((w) => w.id === id)?.wire.trimEnd() ?? "";
    for (const id of ["update-my-shared-key", "update-their-shared-key", "update-shared-current"])
      assert.match(await alice.ask(wire(id)), /^data:\d+\n@alice@$/);
    assert.equal(
      await bob.get({ kind: "shared", name: "msg", namespace: "myapp", sharedBy: "@alice" }),
      vectors.wire.find((w) => w.id === "update-shared-current")?.plaintext,
    );
    const legacy = vectors.aesCtr[0]?.ciphertextB64;
    await alice.ask(`update:isEncrypted:true:@bob:old.myapp@alice ${legacy}`);
    assert.equal(
      await bob.get({ kind: "shared", name: "old", namespace: "myapp", sharedBy: "@alice" }),
      "hello",
    );

    const ivNonce = Buffer.alloc(16).toString("base64");
    await alice.ask(`update:ivNonce:${ivNonce}:@bob:unflagged.myapp@alice ${legacy}`);
    assert.equal(
      await bob.get({ kind: "shared", name: "unflagged", namespace: "myapp", sharedBy: "@alice" }),
      "hello",
      "an initialisation vector says that it is encrypted, whatever the flag says",
    );
    await alice.ask(
      `notify:id:u:update:isEncrypted:false:ivNonce:${ivNonce}:@bob:told.myapp@alice:${legacy}`,
    );
    assert.equal((await collect(bob.notifications({ since: 0, regex: "told" }), 1))[0]?.value, "hello");

    const client = await openClient(t, sandbox, "@alice");
    const reading = collect(bob.notifications({ since: 0, regex: "fresh" }), 1);
    await client.notify({ to: "@bob", name: "fresh", namespace: "app", value: "x", ttlMs: 60_000 });
    assert.equal((await reading)[0]?.value, "x", "the shared key found there is used on");
    assert.match(
      await alice.ask("llookup:shared_key.bob@alice"),
      new RegExp(`^data:${wire("update-my-shared-key").split(" ")[1]?.replaceAll(/[+/]/g, "\\$&")}\n`),
    );
  });

  test("a peer with new keys gets the shared key again", async (t) => {
    let now = 1_800_000_000_000;
    const sandbox = await startSandbox(t);
    await activateBoth(sandbox);
    const alice = await AtClient.open({ ...sandbox, atSign: "@alice", keys: aliceKeys, clock: () => now });
    t.after(() => alice.close());
    const key = { kind: "shared", ...name, sharedWith: "@bob" } as const;
    await alice.put(key, "one");
    const bob = await openClient(t, sandbox, "@bob");
    const renewed = {
      ...bobKeys,
      encryptionPublicKey: aliceKeys.encryptionPublicKey,
      encryptionPrivateKey: aliceKeys.encryptionPrivateKey,
    };
    await bob.put({ kind: "public", name: "publickey" }, renewed.encryptionPublicKey);
    const newBob = await AtClient.open({ ...sandbox, atSign: "@bob", keys: renewed });
    t.after(() => newBob.close());
    const get = () => newBob.get({ kind: "shared", ...name, sharedBy: "@alice" });
    await assert.rejects(get(), hasCode("decrypt-failed"));
    now += 600_000;
    await alice.put(key, "two");
    assert.equal(await get(), "two");
  });
});

suite("notifications through the sandbox", () => {
  test("arrive live and by resume, also after the sandbox was restarted on its folder", async (t) => {
    const dataDir = temporaryFolder(t);
    const first = await startAtSandbox({ dataDir, atSigns: ["@alice", "@bob"] });
    await activateBoth(first);
    const alice = await openClient(t, first, "@alice");
    const bob = await openClient(t, first, "@bob");
    const send = (value: string) =>
      alice.notify({ to: "@bob", name: value, namespace: "app", value, ttlMs: 60_000, id: `id-${value}` });

    const states: string[] = [];
    const stream = bob.notifications({ regex: "\\.app@", onState: (state) => states.push(state) });
    const one = stream.next();
    while (states.length === 0) await new Promise(setImmediate);
    assert.equal(await send("one"), "id-one");
    const received = (await one).value as AtNotification;
    assert.deepEqual(
      { ...received, epochMillis: 0 },
      {
        id: "id-one",
        from: "@alice",
        to: "@bob",
        key: "@bob:one.app@alice",
        value: "one",
        epochMillis: 0,
        operation: "update",
        messageType: "key",
      },
    );

    await send("two");
    assert.equal(((await stream.next()).value as AtNotification).value, "two");
    await first.close();
    const sending = send("three"); // waits for the server to come back
    const second = await startSandbox(t, { dataDir });
    assert.deepEqual(second.directory, first.directory);
    assert.equal(second.ca, first.ca);
    assert.deepEqual(second.cramSecrets, {});
    await sending;
    assert.equal(((await stream.next()).value as AtNotification).value, "three");
    await stream.return(undefined);

    const resumed = await collect(bob.notifications({ since: received.epochMillis, regex: "\\.app@" }), 3);
    assert.deepEqual(
      resumed.map((n) => n.value),
      ["one", "two", "three"],
      "with an overlap",
    );
  });

  test("an atSign added later takes part; an unknown one is not written to", async (t) => {
    const dataDir = temporaryFolder(t);
    const before = await startAtSandbox({ dataDir, atSigns: ["@alice"] });
    const { cramSecrets } = before;
    await before.close();
    const sandbox = await startSandbox(t, { dataDir });
    assert.equal(sandbox.cramSecrets["@alice"], cramSecrets["@alice"]);
    await activateBoth(sandbox);
    const alice = await openClient(t, sandbox, "@alice");
    const hello = { name: "x", namespace: "app", value: "hello", ttlMs: 1_000 };
    await assert.rejects(alice.notify({ ...hello, to: "@nobody" }), hasCode("AT0007"));
    const bob = await openClient(t, sandbox, "@bob");
    const reading = collect(bob.notifications({ since: 0, regex: "x.app" }), 1);
    await alice.notify({ ...hello, to: "@bob" });
    assert.equal((await reading)[0]?.value, "hello");
    const own = collect(alice.notifications({ since: 0, regex: "x.app" }), 1);
    await alice.notify({ ...hello, to: "@alice", value: "to myself" });
    assert.equal((await own)[0]?.value, "to myself");
  });

  test("what is not a notification's form is refused before it is sent", async (t) => {
    const sandbox = await startSandbox(t);
    await activateBoth(sandbox);
    const alice = await openClient(t, sandbox, "@alice");
    const good = { to: "@bob", name: "x", namespace: "app", value: "v", ttlMs: 1_000 };
    for (const [change, code] of [
      [{ id: "a:b" }, "invalid-value"],
      [{ ttlMs: 0 }, "invalid-value"],
      [{ name: "x\ndelete:y@alice" }, "invalid-key"],
      [{ to: "@bob:x@alice" }, "invalid-at-sign"],
    ] as const)
      await assert.rejects(alice.notify({ ...good, ...change }), hasCode(code));
  });
});
