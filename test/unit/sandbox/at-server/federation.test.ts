import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { AppError } from "../../../../src/errors.ts";
import { startAtSandbox } from "../../../../src/sandbox/at-server/start-at-sandbox.ts";
import { askUntil, startBoth, startTwo } from "./two-sandboxes.ts";
import {
  activateBoth,
  guest,
  openClient,
  owner,
  type RawConnection,
  startActivated,
  startSandbox,
  temporaryFolder,
} from "./with-sandbox.ts";

interface Frame {
  readonly id: string;
  readonly value: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}
/** The next frame that is no sign of life. */
async function nextFrame(monitor: RawConnection): Promise<Frame> {
  for (;;) {
    const frame = JSON.parse((await monitor.read()).replace(/^notification: /, "")) as Frame;
    if (frame.id !== "-1") return frame;
  }
}

suite("servers in different processes", () => {
  test("bring each other notifications with their metadata, once and in order", async (t) => {
    const { home, away } = await startTwo(t);
    const [alice, bob] = [await owner(t, home, "@alice"), await owner(t, away, "@bob")];
    const monitor = await owner(t, away, "@bob");
    monitor.write("monitor:strict note\n");
    const metadata =
      "ttl:60000:ttr:-1:ccd:true:isEncrypted:true:sharedKeyEnc:abc:pubKeyCS:0a:pubKeyHash:0b:hashingAlgo:sha512:" +
      "encKeyName:k:encAlgo:AES:ivNonce:AAAA==:skeEncKeyName:n:skeEncAlgo:RSA";
    const command = `notify:id:n1:update:ttln:60000:${metadata}:@bob:note.app@alice:a: b@c`;
    assert.equal(await alice.ask(command), "data:n1\n@alice@");
    assert.equal(await alice.ask(command), "data:n1\n@alice@");
    assert.equal(await alice.ask("notify:id:n2:delete:@bob:note.app@alice"), "data:n2\n@alice@");
    const first = await nextFrame(monitor);
    assert.deepEqual([first.id, first.value], ["n1", "a: b@c"]);
    const { expiresAt, ...rest } = first.metadata;
    assert.match(String(expiresAt), /Z$/);
    assert.deepEqual(rest, {
      ttr: -1,
      ttl: 60_000,
      ttb: null,
      sharedKeyEnc: "abc",
      pubKeyCS: "0a",
      dataSignature: null,
      encKeyName: "k",
      encAlgo: "AES",
      ivNonce: "AAAA==",
      skeEncKeyName: "n",
      skeEncAlgo: "RSA",
      availableAt: null,
      pubKeyHash: '{"hash":"0b","hashingAlgo":"sha512"}',
      appMetadata: null,
    });
    assert.equal((await nextFrame(monitor)).id, "n2", "the same id came once");
    await askUntil(alice, "notify:status:n2", /^data:delivered/);
    assert.match(await bob.ask("llookup:cached:@bob:note.app@alice"), /^error:AT0015-/, "dropped by ccd");
    assert.match(await bob.ask("notify:list:note"), /^data:\[\{"id":"n1",.*\{"id":"n2"/);
    assert.match(await alice.ask("notify:fetch:n1"), /"type":"NotificationType.sent".*Status.delivered"/);
  });

  for (const [where, start] of [
    ["another process", startTwo],
    ["the same process", startBoth],
  ] as const)
    test(`follow references in what another atSign shares, its server in ${where}`, async (t) => {
      const { home, away } = await start(t);
      const [alice, bob] = [await owner(t, home, "@alice"), await owner(t, away, "@bob")];
      for (const [key, value] of [
        ["@bob:end", "the end"],
        ["@bob:ref", "atsign://end@alice"],
        ["@bob:far", "atsign://ref@alice"],
        ["@bob:secret", "atsign://note@alice"],
        ["note", "own"],
      ])
        assert.match(await alice.ask(`update:${key}@alice ${value}`), /^data:\d/);
      assert.equal(await bob.ask("lookup:ref@alice"), "data:the end\n@bob@");
      assert.equal(await bob.ask("lookup:bypassCache:true:far@alice"), "data:the end\n@bob@");
      assert.equal(await bob.ask("lookup:secret@alice"), "data:null\n@bob@");
      assert.match(await bob.ask("lookup:all:ref@alice"), /"data":"atsign:\/\/end@alice"/);
      assert.match(await bob.ask("lookup:none@alice"), /^error:AT0015-/);
    });

  test("tell of shared values, which are kept where their owner allows", async (t) => {
    const { home, away } = await startTwo(t);
    const [alice, bob] = [await owner(t, home, "@alice"), await owner(t, away, "@bob")];
    await alice.ask("update:ttr:100000:ccd:true:@bob:c@alice one");
    await askUntil(bob, "llookup:cached:@bob:c@alice", /^data:one\n/);
    await alice.ask("delete:@bob:c@alice");
    await askUntil(bob, "llookup:cached:@bob:c@alice", /^error:AT0015-/);
  });

  test("look up and list what the other shares or has published", async (t) => {
    const { home, away } = await startTwo(t);
    const [alice, bob] = [await owner(t, home, "@alice"), await owner(t, away, "@bob")];
    await alice.ask("update:isEncrypted:true:ivNonce:iv==:@bob:s@alice secret");
    assert.equal(await bob.ask("lookup:s@alice"), "data:secret\n@bob@");
    const all = JSON.parse((await bob.ask("lookup:all:s@alice")).slice(5, -6)) as Record<string, unknown>;
    assert.equal(all["key"], "@bob:s@alice");
    assert.match(JSON.stringify(all["metaData"]), /"isEncrypted":true,"ivNonce":"iv=="/);
    assert.equal(await bob.ask("scan:@alice"), 'data:["s@alice"]\n@bob@');
    assert.match(
      await bob.ask("lookup:none@alice"),
      /^error:AT0015-key not found : @bob:none@alice does not/,
    );
    assert.match(await bob.ask("lookup:x@nobody"), /^error:AT0007-/);
    await alice.ask("update:public:p@alice one");
    assert.equal(await bob.ask("plookup:p@alice"), "data:one\n@bob@");
    await alice.ask("update:public:p@alice two");
    assert.equal(await bob.ask("plookup:p@alice"), "data:one\n@bob@", "from the copy");
    assert.match(await bob.ask("plookup:all:p@alice"), /^data:\{"key":"cached:public:p@alice","data":"one"/);
    assert.equal(await bob.ask("plookup:bypassCache:true:p@alice"), "data:two\n@bob@");
    await alice.ask("delete:public:p@alice");
    assert.match(await bob.ask("plookup:bypassCache:true:p@alice"), /^error:AT0015-/);
    assert.match(await bob.ask("llookup:cached:public:p@alice"), /^error:AT0015-/, "the copy is dropped too");
  });

  test("put shared keys aside when they see, on connecting, that the other's public key has changed", async (t) => {
    const { home, away, homeDir, awayDir } = await startTwo(t);
    const [alice, bob] = [await owner(t, home, "@alice"), await owner(t, away, "@bob")];
    await alice.ask("notify:id:a:@bob:x@alice:v");
    await askUntil(alice, "notify:status:a", /^data:delivered/);
    assert.match(await alice.ask("llookup:cached:public:publickey@bob"), /^data:MII/);
    await alice.ask("update:isEncrypted:false:shared_key.bob@alice mine");
    await alice.ask("update:isEncrypted:false:@bob:shared_key@alice his");
    await bob.ask("update:public:publickey@bob another");
    await away.close();
    await startSandbox(t, { dataDir: awayDir, atSigns: ["@bob"], join: homeDir });
    await alice.ask("notify:id:b:@bob:x@alice:v");
    await askUntil(alice, "notify:status:b", /^data:delivered/);
    assert.equal(await alice.ask("plookup:publickey@bob"), "data:another\n@alice@");
    assert.match(await alice.ask("llookup:shared_key.bob@alice"), /^error:AT0015-/);
    assert.match(await alice.ask("llookup:@bob:shared_key@alice"), /^error:AT0015-/);
    const [, kept = ""] =
      /"(shared_key\.bob\.until\.\d+@alice)"/.exec(await alice.ask("scan shared_key")) ?? [];
    assert.equal(await alice.ask(`llookup:${kept}`), "data:mine\n@alice@");
  });

  test("work under our own client, both ways", async (t) => {
    const { home, away } = await startTwo(t);
    const [alice, bob] = [await openClient(t, home, "@alice"), await openClient(t, away, "@bob")];
    await alice.notify({
      to: "@bob",
      name: "hello",
      namespace: "app",
      value: "over the wire",
      ttlMs: 60_000,
    });
    for await (const { value, from } of bob.notifications({ since: 0, regex: "hello" })) {
      assert.deepEqual([value, from], ["over the wire", "@alice"]);
      break;
    }
    await bob.notify({ to: "@alice", name: "back", namespace: "app", value: "and back", ttlMs: 60_000 });
    for await (const { value } of alice.notifications({ since: 0, regex: "back" })) {
      assert.equal(value, "and back");
      break;
    }
  });
});

test("servers of one process see a changed public key at once", async (t) => {
  const { sandbox } = await startActivated(t);
  const [alice, bob] = [await owner(t, sandbox, "@alice"), await owner(t, sandbox, "@bob")];
  await alice.ask("plookup:publickey@bob");
  await alice.ask("update:isEncrypted:false:@bob:shared_key@alice his");
  await bob.ask("update:public:publickey@bob another");
  assert.equal(await alice.ask("plookup:publickey@bob"), "data:another\n@alice@");
  assert.match(await alice.ask("llookup:@bob:shared_key@alice"), /^error:AT0015-/);
});

suite("another atSign's server", () => {
  test("must present a certificate, where that is asked for, and prove its atSign", async (t) => {
    const { home } = await startTwo(t);
    const stranger = await guest(t, home, "@alice");
    assert.match(
      await stranger.ask("from:@bob"),
      /^error:AT0401-Exception: Certificate Verification Failed\n@$/,
    );
    assert.match(await stranger.ask("pol"), /^error:AT0011-Exception: You must execute a 'from:' command/);
    assert.equal(await stranger.read(), "<closed>");
    const open = await startSandbox(t, {
      behaviour: { clientCertificates: "off" },
    });
    await activateBoth(open);
    const raw = await guest(t, open, "@alice");
    assert.match(await raw.ask("from:@bob"), /^data:proof:_[0-9a-f-]{36}@bob:[0-9a-f-]{36}\n@$/);
    assert.equal(await raw.ask("pol"), "error:AT0401-Exception: Pol Authentication Failed\n@");
    assert.match(await raw.ask("pol"), /^error:AT0011-/, "a challenge is good once");
  });

  test("cannot be joined where there is none", async (t) => {
    const join = temporaryFolder(t);
    await assert.rejects(
      startAtSandbox({ dataDir: temporaryFolder(t), atSigns: ["@bob"], join }),
      (error) => error instanceof AppError && error.code === "nothing-to-join",
    );
  });
});
