import assert from "node:assert/strict";
import { test } from "node:test";
import { startTwo } from "./two-sandboxes.ts";
import { app, enrolled, requestLine, startWorld } from "./with-enrollments.ts";
import { activateBoth, guest, json, owner, startActivated, startSandbox } from "./with-sandbox.ts";

test("what only its server may delete is named in the refusal, in every scope but kept copies", async (t) => {
  const { sandbox } = await startActivated(t);
  const alice = await owner(t, sandbox, "@alice");
  for (const [key, name] of [
    ["public:publickey@alice", "publickey"],
    ["public:signing_publickey@alice", "signing_publickey"],
    ["@alice:signing_privatekey@alice", "signing_privatekey"],
    ["publickey@alice", "publickey"],
  ])
    assert.equal(
      await alice.ask(`delete:${key}`),
      `error:AT0009-UnAuthorized client in request : Cannot delete protected key: '${name}@alice'\n@alice@`,
    );
  assert.match(await alice.ask("delete:cached:public:publickey@alice"), /^data:\d+\n/);
});

test("enrollments are listed for whoever may read everything, and for nobody else", async (t) => {
  const world = await startWorld(t);
  const all = await enrolled(t, world, { deviceName: "1", namespaces: { "*": "r" } });
  const one = await enrolled(t, world, { deviceName: "2" });
  const manager = await enrolled(t, world, { deviceName: "3", namespaces: { __manage: "rw" } });
  const keys = [all, one, manager].map((id) => `${id}.new.enrollments.__manage@alice`);
  const command = "scan new.enrollments";
  assert.deepEqual(await json(world.alice, command), keys);
  assert.deepEqual(await json(await app(t, world, all), command), keys);
  assert.deepEqual(await json(await app(t, world, one), command), []);
  assert.deepEqual(await json(await app(t, world, manager), command), []);
  assert.deepEqual(await json(await guest(t, world.sandbox, "@alice"), command), []);
});

test("a semi-permanent passcode is taken in any case", async (t) => {
  const world = await startWorld(t);
  await world.alice.ask("otp:put:Abc123");
  const stranger = await guest(t, world.sandbox, "@alice");
  assert.match(await stranger.ask(requestLine({ otp: "aBC123" })), /"status":"pending"/);
});

test("a filter of another atSign's keys sees the whole key, also in another process", async (t) => {
  const { home, away } = await startTwo(t);
  const near = await startSandbox(t);
  await activateBoth(near);
  for (const [owned, asking] of [
    [near, near],
    [home, away],
  ] as const) {
    const [alice, bob] = [await owner(t, owned, "@alice"), await owner(t, asking, "@bob")];
    for (const name of ["one", "two"]) await alice.ask(`update:@bob:${name}.app@alice v`);
    assert.deepEqual(await json(bob, "scan:@alice ^@bob:o"), ["one.app@alice"]);
    assert.deepEqual(await json(bob, "scan:@alice ^one"), []);
  }
});

test("options of a notification come in their order where servers enforce one", async (t) => {
  const sandbox = await startSandbox(t, { behaviour: { metadataOrder: "times-first" } });
  await activateBoth(sandbox);
  const alice = await owner(t, sandbox, "@alice");
  assert.match(await alice.ask("notify:messageType:key:update:@bob:x@alice:v"), /^error:AT0003-/);
  assert.match(await alice.ask("notify:ttl:5:notifier:n:@bob:x@alice:v"), /^error:AT0003-/);
  assert.equal(
    await alice.ask(
      "notify:id:n:update:messageType:key:priority:low:strategy:all:latestN:1:notifier:n:ttln:9000:ttl:5:@bob:x@alice:v",
    ),
    "data:n\n@alice@",
  );
  const tolerant = await startActivated(t);
  const other = await owner(t, tolerant.sandbox, "@alice");
  assert.match(await other.ask("notify:ttl:5:messageType:key:update:@bob:x@alice:v"), /^data:/);
});
