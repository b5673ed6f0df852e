import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { app, dataOf, enrolled, frame, startWorld } from "./with-enrollments.ts";
import { owner } from "./with-sandbox.ts";

const listOf = (reply: string) => JSON.parse(reply.slice(5).split("\n")[0] ?? "") as string[];

suite("an enrolled app's connection", () => {
  test("reads and writes in its namespaces, and is refused elsewhere by name", async (t) => {
    const world = await startWorld(t);
    const { alice } = world;
    await alice.ask("update:x.fizz@alice v");
    await alice.ask("update:public:p.fizz@alice v");
    await alice.ask("update:note@alice v");
    const id = await enrolled(t, world, { namespaces: { buzz: "rw", log: "r" } });
    const raw = await app(t, world, id);
    const refused = (verb: string, key: string) =>
      `error:AT0009-UnAuthorized client in request : Connection with enrollment ID ${id} is not authorized to ${verb} key: ${key}\n@alice@`;
    const cases: [command: string, verb: string, key: string][] = [
      ["llookup:x.fizz@alice", "llookup", "x.fizz@alice"],
      ["llookup:all:note@alice", "llookup", "note@alice"],
      ["llookup:cached:@alice:x.fizz@bob", "llookup", "cached:@alice:x.fizz@bob"],
      ["lookup:x.fizz@bob", "lookup", "@alice:x.fizz@bob"],
      ["update:x.fizz@alice v", "update", "x.fizz@alice"],
      ["update:x.log@alice v", "update", "x.log@alice"],
      ["update:public:publickey@alice v", "update", "public:publickey@alice"],
      ["delete:x.fizz@alice", "delete", "x.fizz@alice"],
      ["delete:privatekey:at_secret", "delete", "privatekey:at_secret"],
      ["notify:@bob:x.fizz@alice:v", "notify", "@bob:x.fizz@alice"],
    ];
    for (const [command, verb, key] of cases) assert.equal(await raw.ask(command), refused(verb, key));
    assert.match(await raw.ask("update:meta:x.fizz@alice:ttl:5"), /^error:AT0009-/);
    assert.match(await raw.ask("update:privatekey:at_pkam_publickey x"), /^error:AT0009-/);
    for (const command of [
      "update:x.buzz@alice v",
      "update:@bob:x.buzz@alice v",
      "update:public:x.buzz@alice v",
      "update:shared_key.bob@alice v",
      "llookup:x.buzz@alice",
      "llookup:public:p.fizz@alice",
      "notify:@bob:x.buzz@alice:v",
      "delete:x.buzz@alice",
    ])
      assert.match(await raw.ask(command), /^data:/, command);
  });

  test("is told of the keys in its namespaces only", async (t) => {
    const world = await startWorld(t);
    const bob = await owner(t, world.sandbox, "@bob");
    for (const key of ["note", "x.fizz", "x.buzz", "public:p.fizz", "public:p.buzz", "@bob:y.buzz"])
      await world.alice.ask(`update:${key}@alice v`);
    for (const key of ["@alice:a.buzz", "@alice:a.fizz"]) await bob.ask(`update:${key}@bob v`);
    const raw = await app(t, world, await enrolled(t, world, {}));
    assert.deepEqual(listOf(await raw.ask("scan")), [
      "@bob:y.buzz@alice",
      "public:p.buzz@alice",
      "x.buzz@alice",
    ]);
    assert.deepEqual(listOf(await raw.ask("scan:@bob")), ["a.buzz@bob"]);
  });

  test("monitors what comes for its namespaces only", async (t) => {
    const world = await startWorld(t);
    const bob = await owner(t, world.sandbox, "@bob");
    await bob.ask("notify:@alice:first.fizz@bob:v");
    await bob.ask("notify:@alice:first.buzz@bob:v");
    const raw = await app(t, world, await enrolled(t, world, {}));
    raw.write("monitor:0\n");
    assert.match(await frame(raw), /"key":"@alice:first\.buzz@bob"/);
    for (const name of ["second.fizz", "note", "second.buzz"]) await bob.ask(`notify:@alice:${name}@bob:v`);
    assert.match(await frame(raw), /"key":"@alice:second\.buzz@bob"/);
  });
});

test("an enrolled app learns and changes nothing elsewhere by other verbs either", async (t) => {
  const world = await startWorld(t);
  const { alice } = world;
  const bob = await owner(t, world.sandbox, "@bob");
  const id = await enrolled(t, world, { namespaces: { buzz: "rw", log: "r" } });
  const raw = await app(t, world, id);
  const idOf = async (reply: Promise<string>) => (await reply).slice(5).split("\n")[0] ?? "";
  const fizz = await idOf(bob.ask("notify:@alice:x.fizz@bob:v"));
  const buzz = await idOf(bob.ask("notify:@alice:x.buzz@bob:v"));
  const log = await idOf(bob.ask("notify:@alice:x.log@bob:v"));
  const sent = await idOf(alice.ask("notify:@bob:y.fizz@alice:v"));
  const refused = /^error:AT0009-UnAuthorized client in request : Connection with enrollment ID /;
  for (const command of [
    `notify:fetch:${fizz}`,
    `notify:remove:${fizz}`,
    `notify:remove:${log}`,
    `notify:status:${sent}`,
    `notify:fetch:${sent}`,
    "notify:all:@bob,@alice:y.fizz@alice:v",
    'update:json:{"atKey":"x.fizz","sharedBy":"@alice","value":"v"}',
    "config:block:add:@eve",
    "delete:cached:@alice:x.fizz@bob",
  ])
    assert.match(await raw.ask(command), refused, command);
  assert.match(await raw.ask(`notify:fetch:${buzz}`), /"notification":"@alice:x\.buzz@bob"/);
  const listed = listOf(await raw.ask("notify:list")) as unknown as { id: string }[];
  assert.deepEqual(
    listed.map((n) => n.id),
    [buzz, log],
  );
  assert.equal(await raw.ask(`notify:remove:${buzz}`), "data:success\n@alice@");
  assert.match(
    await raw.ask(
      'batch:[{"id":1,"command":"update:x.fizz@alice v"},{"id":2,"command":"llookup:x.fizz@alice"}]',
    ),
    /"error_code":"AT0009".*"error_code":"AT0009"/,
  );
});

test("a reference leads nowhere that its reader may not read", async (t) => {
  const world = await startWorld(t);
  await world.alice.ask("update:@alice:secret.fizz@alice hidden");
  const raw = await app(t, world, await enrolled(t, world, {}));
  assert.match(await raw.ask("update:@alice:x.buzz@alice atsign://secret.fizz@alice"), /^data:\d/);
  assert.equal(await raw.ask("lookup:x.buzz@alice"), "data:null\n@alice@");
  assert.equal(await world.alice.ask("lookup:x.buzz@alice"), "data:hidden\n@alice@");
});

test("an enrolled app syncs its namespaces only", async (t) => {
  const world = await startWorld(t);
  for (const key of ["a.fizz", "b.buzz", "public:c.fizz", "d.fizz"])
    await world.alice.ask(`update:${key}@alice v`);
  const raw = await app(t, world, await enrolled(t, world, {}));
  const entries = listOf(await raw.ask("sync:from:-1:limit:10")) as unknown as {
    atKey: string;
    commitId: number;
  }[];
  assert.deepEqual(
    entries.map((entry) => entry.atKey),
    ["b.buzz@alice"],
  );
  const stats = listOf((await raw.ask("stats:3")).replace("data: ", "data:")) as unknown as {
    value: string;
  }[];
  assert.equal(stats[0]?.value, String(entries[0]?.commitId), "its sync is complete");
  assert.match(
    await raw.ask("info"),
    /"apkam_metadata":\{"sessionId":"_[0-9a-f-]{36}","appName":"app","deviceName":"device","namespaces":\{"buzz":"rw"\},"apkamPublicKey":"[^"]+"/,
  );
});

suite("keys", () => {
  test("the atSign's keys are given to the one they were wrapped for", async (t) => {
    const world = await startWorld(t);
    const [first, second] = [
      await enrolled(t, world, { deviceName: "1" }),
      await enrolled(t, world, { deviceName: "2", namespaces: { "*": "rw", __manage: "rw" } }),
    ];
    const [raw, other] = [await app(t, world, first), await app(t, world, second)];
    const [encryption, self] = [
      `${first}.default_enc_private_key.__manage@alice`,
      `${first}.default_self_enc_key.__manage@alice`,
    ];
    assert.deepEqual(dataOf(await raw.ask(`keys:get:keyName:${encryption}`)), {
      value: "encryption",
      iv: "iv1",
    });
    assert.deepEqual(dataOf(await raw.ask(`keys:get:keyName:${self}`)), { value: "self" });
    assert.deepEqual(listOf(await raw.ask("keys:get:private")), [encryption]);
    assert.deepEqual(listOf(await raw.ask("keys:get:self")), [self]);
    assert.deepEqual(listOf(await raw.ask("keys:get:public")), []);
    for (const key of [encryption, self]) {
      assert.match(await other.ask(`keys:get:keyName:${key}`), /^error:AT0015-/);
      assert.match(await other.ask(`llookup:${key}`), /^error:AT0009-/);
      assert.match(await raw.ask(`keys:delete:keyName:${key}`), /^error:AT0015-/);
    }
    assert.match(
      await world.alice.ask("keys:get:self"),
      /^error:AT0011-Internal server exception : Keys verb cannot be accessed without an enrollmentId\n/,
    );
  });

  test("an app keeps keys of its own, which no other app reads, replaces or removes", async (t) => {
    const world = await startWorld(t);
    const raw = await app(t, world, await enrolled(t, world, { deviceName: "1" }));
    const other = await app(t, world, await enrolled(t, world, { deviceName: "2" }));
    const put = "keys:put:public:namespace:__global:keyType:rsa2048:keyName:mine the value";
    const key = "public:mine.__public_keys.__global@alice";
    assert.equal(await raw.ask(put), "data:-1\n@alice@");
    assert.equal(dataOf(await raw.ask(`keys:get:keyName:${key}`))["value"], "the value");
    assert.deepEqual(listOf(await raw.ask("keys:get:public")), [key]);
    assert.match(await other.ask(put), /^error:AT0009-/);
    assert.match(await other.ask(`keys:delete:keyName:${key}`), /^error:AT0015-/);
    assert.deepEqual(listOf(await other.ask("keys:get:public")), []);
    await world.alice.ask("update:note.__public_keys.__global@alice no json");
    for (const command of [
      "keys:get:keyName:note.__public_keys.__global@alice",
      "keys:delete:keyName:note.__public_keys.__global@alice",
      "keys:delete:keyName:public:publickey@alice",
      "keys:get:keyName:privatekey:at_pkam_publickey",
    ])
      assert.match(await raw.ask(command), /^error:AT0015-/, command);
    assert.match(await raw.ask("keys:put:self:namespace:fizz:keyName:k v"), /^error:AT0009-/);
    assert.equal(await raw.ask("keys:put:self:namespace:buzz:keyName:k v"), "data:-1\n@alice@");
    assert.equal(await raw.ask(`keys:delete:keyName:${key}`), "data:-1\n@alice@");
    assert.match(await raw.ask(`keys:get:keyName:${key}`), /^error:AT0015-/);
    for (const command of ["keys", "keys:get", "keys:put:public:keyName:k v", "keys:delete:"])
      assert.match(await raw.ask(command), /^error:AT0003-/, command);
  });
});
