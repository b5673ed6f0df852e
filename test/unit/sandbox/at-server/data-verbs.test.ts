import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { all, activateBoth, data, guest, json, owner, startActivated, startSandbox } from "./with-sandbox.ts";

suite("update", () => {
  test("as JSON says the same as in segments", async (t) => {
    const { sandbox } = await startActivated(t);
    const [alice, bob] = [await owner(t, sandbox, "@alice"), await owner(t, sandbox, "@bob")];
    const update = {
      atKey: "Note.app",
      sharedBy: "@alice",
      sharedWith: "@bob",
      value: "v w",
      metadata: {
        ttr: -1,
        isEncrypted: true,
        ivNonce: "AA==",
        pubKeyHash: { hash: "ff", hashingAlgo: "sha512" },
        namespaceAware: true,
      },
    };
    await data(alice, `update:json:${JSON.stringify(update)}`);
    assert.equal(await data(bob, "llookup:cached:@bob:note.app@alice"), "v w");
    assert.partialDeepStrictEqual(await json(alice, "llookup:meta:@bob:note.app@alice"), {
      ttr: -1,
      isEncrypted: true,
      ivNonce: "AA==",
      pubKeyHash: { hash: "ff", hashingAlgo: "sha512" },
    });
    const { sharedWith: _none, ...own } = update;
    await data(alice, `update:json:${JSON.stringify({ ...own, metadata: { isPublic: true } })}`);
    assert.equal(await data(await guest(t, sandbox, "@alice"), "lookup:note.app@alice"), "v w");
    for (const wrong of [
      "{",
      "[]",
      "null",
      '{"atKey":"x"}',
      '{"atKey":"x","value":""}',
      '{"atKey":1,"value":"v"}',
    ])
      assert.match(await alice.ask(`update:json:${wrong}`), /^error:AT0003-/, wrong);
    const bad = { ...own, metadata: { ttl: "soon" } };
    assert.match(await alice.ask(`update:json:${JSON.stringify(bad)}`), /^error:AT0003-/);
  });

  test("keys are checked before anything is kept", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await owner(t, sandbox, "@alice");
    const refusals: [string, RegExp][] = [
      ["update:note v", /^error:AT0016-.*You may not update keys of type KeyType\.invalidKey/],
      ["update:no#te@alice v", /^error:AT0016-/],
      ["update:no\u0001te@alice v", /^error:AT0016-/],
      [`update:@${"b".repeat(56)}:note@alice v`, /^error:AT0016-/],
      ["update:note@bob v", /^error:AT0016-.*sharedBy atsign @bob should be same/],
      [`update:${"n".repeat(243)}@alice v`, /^error:AT0016-.*key length 249 is greater than max allowed 248/],
      ["update:private:note@alice v", /^error:AT0003-/],
      ["update:privatekey:at_secret v", /^error:AT0003-/],
      ["update:cached:public:note@bob v", /^error:AT0003-/],
      ["update:local:note@alice v", /^error:AT0003-/],
      ["update:note@alice", /^error:AT0003-/],
      ["update:meta:note@alice:ttl:5", /^error:AT0015-/],
      ["update:ccd:true:@bob:note@alice v", /^error:AT0022-/],
    ];
    for (const [line, refusal] of refusals) assert.match(await alice.ask(line), refusal, line);
    assert.deepEqual(await json(alice, "scan note"), []);
    assert.deepEqual(await json(alice, "scan n{9}"), []);
    const fits = "n".repeat(242);
    await data(alice, `update:${fits}@alice v`);
    assert.equal(await data(alice, `llookup:${fits}@alice`), "v");
    await data(alice, "update:🦄x*'@alice v");
    assert.deepEqual(await json(alice, "scan 🦄"), ["🦄x*'@alice"]);
  });

  test("what has expired is as good as gone", async (t) => {
    const { sandbox, time } = await startActivated(t);
    const alice = await owner(t, sandbox, "@alice");
    await data(alice, "update:ttl:1000:immutable:true:encAlgo:old:x@alice one");
    time.now += 1_000;
    assert.match(await alice.ask("update:meta:x@alice:ttb:5"), /^error:AT0015-/);
    await data(alice, "update:x@alice two");
    const meta = await json(alice, "llookup:meta:x@alice");
    assert.partialDeepStrictEqual(meta, { version: 0, createdAt: "2027-01-15 08:00:01.000Z" });
    assert.ok(!JSON.stringify(meta).includes("old"));
  });

  test("immutable records stay, unless they are deleted by force", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await owner(t, sandbox, "@alice");
    await data(alice, "update:immutable:true:x@alice one");
    for (const line of ["update:x@alice two", "update:meta:x@alice:ttl:5", "delete:x@alice"])
      assert.match(await alice.ask(line), /^error:AT0032-Illegal state : Immutable records/, line);
    assert.equal(await data(alice, "llookup:x@alice"), "one");
    await data(alice, "delete:force:x@alice");
    assert.match(await alice.ask("llookup:x@alice"), /^error:AT0015-/);
  });

  test("servers that enforce an order take the times first, in their order", async (t) => {
    const sandbox = await startSandbox(t, { behaviour: { metadataOrder: "times-first" } });
    await activateBoth(sandbox);
    const alice = await owner(t, sandbox, "@alice");
    for (const late of ["isEncrypted:true:ttl:1", "ttb:1:ttl:1", "ccd:false:ttr:1", "ivNonce:AA:ttr:5"])
      assert.match(await alice.ask(`update:${late}:x@alice v`), /^error:AT0003-/, late);
    // As at_python and at_c write them.
    for (const known of [
      "ttl:1:ttln:2:ttb:3:ttr:4:ccd:True:sharedKeyEnc:a:pubKeyCS:b:isBinary:False:isEncrypted:True:ivNonce:c",
      "ttl:1:isBinary:false:isEncrypted:true:dataSignature:s:sharedKeyStatus:x:hash:h:algo:sha512:ivNonce:n",
    ])
      await data(alice, `update:${known}:x@alice v`);
  });
});

suite("look-ups", () => {
  test("follow references to what the caller may see, three deep", async (t) => {
    const { sandbox } = await startActivated(t);
    const [alice, stranger] = [await owner(t, sandbox, "@alice"), await guest(t, sandbox, "@alice")];
    for (const [key, value] of [
      ["public:end", "the end"],
      ["public:r1", "atsign://end@alice"],
      ["public:r2", "atsign://r1@alice"],
      ["public:r3", "atsign://r2@alice"],
      ["public:r4", "atsign://r3@alice"],
      ["public:loop", "atsign://loop@alice"],
      ["public:secret", "atsign://note@alice"],
      ["note", "own"],
    ])
      await data(alice, `update:${key}@alice ${value}`);
    assert.equal(await data(stranger, "lookup:r3@alice"), "the end");
    for (const name of ["r4", "loop", "secret"])
      assert.equal(await data(stranger, `lookup:${name}@alice`), "null");
    assert.equal(await data(alice, "llookup:public:r1@alice"), "atsign://end@alice");
    assert.partialDeepStrictEqual(await json(stranger, "lookup:all:r1@alice"), {
      data: "atsign://end@alice",
    });
  });

  test("a guest sees nothing but public keys, whatever it asks for", async (t) => {
    const { sandbox } = await startActivated(t);
    const [alice, stranger] = [await owner(t, sandbox, "@alice"), await guest(t, sandbox, "@alice")];
    for (const key of ["public:p", "public:__h", "public:_hh", "own", "_hidden", "@bob:shared"])
      await data(alice, `update:${key}@alice v`);
    const own = (await json(alice, "scan")) as string[];
    assert.deepEqual(
      own.filter((key) => !key.includes("signing_")),
      ["@bob:shared@alice", "own@alice", "public:p@alice", "public:publickey@alice"],
    );
    assert.deepEqual(await json(stranger, "scan:showhidden:true ^public:p"), ["p@alice", "publickey@alice"]);
    assert.deepEqual(await json(stranger, "scan .*P@"), ["p@alice"]);
    assert.deepEqual(await json(stranger, "scan ^p@"), [], "a filter sees the whole key");
    assert.equal(await data(stranger, "lookup:__h@alice"), "v");
    for (const name of ["own", "_hidden", "shared"])
      assert.match(await stranger.ask(`lookup:${name}@alice`), /^error:AT0015-/, name);
    assert.match(await stranger.ask("scan:@bob"), /^error:AT0401-/);
  });
});

suite("sync", () => {
  test("gives the newest change of each key, in pages, until there is no more", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await owner(t, sandbox, "@alice");
    await data(alice, "update:a.app@alice 1");
    await data(alice, "update:b.app@alice 1");
    await data(alice, "update:ttl:60000:isEncrypted:true:a.app@alice 2");
    await data(alice, "update:meta:b.app@alice:ttr:-1");
    await data(alice, "delete:gone.app@alice");
    await data(alice, "update:nc:silent.app@alice 1");
    await data(alice, "update:public:_unlogged@alice 1");
    const all = (await json(alice, "sync:from:-1:limit:10")) as Record<string, unknown>[];
    assert.deepEqual(
      all.map(({ atKey, commitId, operation, value }) => [commitId, atKey, operation, value !== null]),
      [
        [0, "public:publickey@alice", "+", true],
        [3, "a.app@alice", "*", true],
        [4, "b.app@alice", "#", true],
        [5, "gone.app@alice", "-", false],
      ],
    );
    assert.deepEqual(all[1]?.["metadata"], {
      createdBy: "@alice",
      updatedBy: "@alice",
      createdAt: "2027-01-15 08:00:00.000Z",
      updatedAt: "2027-01-15 08:00:00.000Z",
      availableAt: "2027-01-15 08:00:00.000Z",
      expiresAt: "2027-01-15 08:01:00.000Z",
      status: "active",
      version: "1",
      ttl: "60000",
      isBinary: "false",
      isEncrypted: "true",
    });
    assert.deepEqual(await json(alice, "sync:from:0:limit:1"), all.slice(1), "the limit says nothing");
    assert.deepEqual(await json(alice, "sync:from:3:limit:10:skipDeletesUntil:5"), [all[2]]);
    assert.deepEqual(await json(alice, "sync:from:-1:limit:10:^[ab]\\.app@"), all.slice(0, 3));
    assert.deepEqual(await json(alice, "sync:from:5:limit:10"), []);
    for (const wrong of ["sync:from:x:limit:1", "sync:from:-2:limit:1", "sync:from:1", "sync:", "sync"])
      assert.match(await alice.ask(wrong), /^error:AT0003-/, wrong);
    const kept = await json(alice, "stats:3,15");
    assert.deepEqual(kept, [
      { id: "3", name: "lastCommitID", value: "5" },
      {
        id: "15",
        name: "LatestCommitEntryOfEachKey",
        value: JSON.stringify({
          "gone.app@alice": [5, "-"],
          "b.app@alice": [4, "#"],
          "a.app@alice": [3, "*"],
          "public:publickey@alice": [0, "+"],
        }),
      },
    ]);
    assert.partialDeepStrictEqual(await json(alice, "stats:3:^a"), [{ value: "3" }]);
    assert.partialDeepStrictEqual(await json(alice, "stats:3:nothing"), [{ value: "0" }], "the public key");
  });

  test("the log is listed as it is; what is to leave no trace in it takes its earlier ones with it", async (t) => {
    const { sandbox, time } = await startActivated(t);
    const [alice, stranger] = [await owner(t, sandbox, "@alice"), await guest(t, sandbox, "@alice")];
    const now = new Date(time.now).toISOString();
    await data(alice, "update:a.app@alice 1");
    await data(alice, "update:uAt:2026-01-02T03:04:05.678Z:b.app@alice 1");
    await data(alice, "update:_hidden.app@alice 1");
    await data(alice, "delete:dAt:2026-02-03T04:05:06Z:c.app@alice");
    const entry = (commitId: number, atKey: string, operation: string, opTime = now) => ({
      atKey,
      operation,
      commitId,
      opTime,
    });
    const b = entry(2, "b.app@alice", "*", "2026-01-02T03:04:05.678Z");
    const c = entry(4, "c.app@alice", "-", "2026-02-03T04:05:06.000Z");
    const listed = (command: string) => json(alice, command);
    const log = [entry(0, "public:publickey@alice", "+"), entry(1, "a.app@alice", "+"), b, c];
    assert.deepEqual(await listed("scan:cl"), log);
    assert.deepEqual(await listed("scan:cl:showhidden:true _hidden"), [entry(3, "_hidden.app@alice", "+")]);
    assert.deepEqual(await listed("scan:cl ^[bc]"), [b, c]);
    assert.equal(await data(alice, "update:nc:a.app@alice 2"), "-1");
    assert.equal(await data(alice, "delete:nc:c.app@alice"), "-1");
    assert.deepEqual(await listed("scan:cl app"), [b]);
    assert.equal(await data(alice, "llookup:a.app@alice"), "2");
    assert.deepEqual(
      ((await listed("sync:from:-1:limit:9:app")) as { atKey: string }[]).map(({ atKey }) => atKey),
      ["public:publickey@alice", "b.app@alice", "_hidden.app@alice"],
    );
    assert.match(await alice.ask("scan:cl:@bob"), /^error:AT0003-/);
    assert.match(await stranger.ask("scan:cl"), /^error:AT0003-/);
    for (const wrong of [
      "delete:dAt:2026-13-01T00:00:00Z:x@alice",
      "update:uAt:2026-13-01T00:00:00Z:x@alice v",
    ])
      assert.match(await alice.ask(wrong), /^error:AT0003-/, wrong);
  });

  test("ends a page at 100 entries and at 5 MiB, but has at least one", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await owner(t, sandbox, "@alice");
    const batch = Array.from({ length: 230 }, (_, id) => ({ id, command: `update:k${id}.app@alice v` }));
    await json(alice, `batch:${JSON.stringify(batch)}`);
    const big = "v".repeat(3_000_000);
    for (const name of ["x", "y", "z"]) await all(alice, `update:${name}.big@alice ${big}`);
    const sizes: number[] = [];
    for (let from = 0; ;) {
      const page = JSON.parse(await all(alice, `sync:from:${from}:limit:1000`)) as { commitId: number }[];
      sizes.push(page.length);
      if (page.length === 0) break;
      from = page.at(-1)?.commitId ?? assert.fail();
    }
    assert.deepEqual(sizes, [100, 100, 31, 1, 1, 0]);
  });
});
