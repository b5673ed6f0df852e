import assert from "node:assert/strict";
import { test } from "node:test";
import {
  activateBoth,
  data,
  guest,
  json,
  owner,
  startActivated,
  startSandbox,
  temporaryFolder,
} from "./with-sandbox.ts";

test("batch runs each command for itself and keeps newlines off the wire", async (t) => {
  const { sandbox } = await startActivated(t);
  const alice = await owner(t, sandbox, "@alice");
  const commands = [
    { id: 1, command: "update:public:text@alice one~NL~two" },
    { id: "two", command: "update:x@bob v" },
    { id: 3, command: "delete:text.none@alice" },
    { id: 4, command: "from:@alice" },
    { id: 5, command: "batch:[]" },
    { id: 6, command: "monitor" },
  ];
  assert.deepEqual(await json(alice, `batch:${JSON.stringify(commands)}`), [
    { id: 1, response: { data: "1" } },
    {
      id: "two",
      response: {
        error_code: "AT0016",
        error_message: "Invalid key",
      },
    },
    { id: 3, response: { data: "2" } },
    ...[4, 5, 6].map((id) => ({ id, response: { error_code: "AT0003", error_message: "Invalid syntax" } })),
  ]);
  assert.equal(await data(alice, "llookup:public:text@alice"), "one~NL~two", "a reply is one line");
  assert.partialDeepStrictEqual(await json(alice, "llookup:all:public:text@alice"), { data: "one\ntwo" });
  for (const wrong of ["{}", "[1]", "[", '[{"id":1}]'])
    assert.match(await alice.ask(`batch:${wrong}`), /^error:AT0003-/, wrong);
});

test("what a server says of itself", async (t) => {
  const { sandbox, time } = await startActivated(t);
  const [alice, stranger] = [await owner(t, sandbox, "@alice"), await guest(t, sandbox, "@alice")];
  time.now += 93_784_005;
  const version = "3.17.0";
  const uptimeAsWords = "1 days 2 hours 3 minutes 4 seconds";
  assert.deepEqual(await json(stranger, "info"), { version, uptimeAsWords });
  assert.deepEqual(await json(stranger, "info:brief"), { version, uptimeAsMillis: 93_784_005 });
  assert.partialDeepStrictEqual(await json(alice, "info"), {
    version,
    features: [
      { name: "notify.eph", status: "GA" },
      { name: "notify.eAtn", status: "GA" },
      { name: "notify.all", status: "Deprecated" },
    ],
  });
  assert.match(await alice.ask("info:mtls"), /^error:AT0003-/);
  const everything = (await json(alice, "stats")) as { id: string; name: string; value: string }[];
  assert.deepEqual(
    everything.map(({ id }) => id),
    Array.from({ length: 15 }, (_, i) => String(i + 1)),
  );
  assert.ok(everything.every(({ value }) => typeof value === "string"));
  assert.equal(everything[0]?.value, "2");
  assert.equal(everything[9]?.value, "2027-01-15 08:00:00.000Z");
  for (const wrong of ["stats:0", "stats:-1", "stats:18", "stats:1,", "stats:1:x", "stats 3"])
    assert.match(await alice.ask(wrong), /^error:AT0003-/, wrong);
  const keys = (await json(stranger, "to:alice")) as Record<string, { key: string }>;
  assert.equal(keys["publickey"]?.key, "public:publickey@alice");
  assert.match(await stranger.ask("to:@bob"), /^error:AT0007-/);
});

test("who is blocked reaches nobody, also after a restart", async (t) => {
  const dataDir = temporaryFolder(t);
  const first = await startSandbox(t, { dataDir });
  await activateBoth(first);
  const alice = await owner(t, first, "@alice");
  await data(alice, "update:@bob:s@alice v");
  assert.equal(await data(alice, "config:block:show"), "null");
  assert.equal(await data(alice, "config:block:add:@bob @alice @carol"), "success");
  await first.close();
  const sandbox = await startSandbox(t, { dataDir });
  const [again, bob] = [await owner(t, sandbox, "@alice"), await owner(t, sandbox, "@bob")];
  assert.deepEqual(await json(again, "config:block:show"), ["@bob", "@carol"]);
  const stranger = await guest(t, sandbox, "@alice");
  assert.equal(await stranger.ask("from:@bob"), "error:AT0013-Exception: Unable to connect\n@");
  assert.equal(await stranger.read(), "<closed>");
  for (const line of ["lookup:bypassCache:true:s@alice", "scan:@alice"])
    assert.match(await bob.ask(line), /^error:AT0013-/, line);
  assert.equal(await data(bob, "notify:id:n1:@alice:x@bob:v"), "n1");
  assert.equal(await data(bob, "notify:status:n1"), "errored");
  assert.equal(await data(again, "notify:list"), "null");
  assert.equal(await data(again, "config:block:remove:@bob @carol"), "success");
  assert.equal(await data(again, "config:block:show"), "null");
  assert.equal(await data(bob, "lookup:bypassCache:true:s@alice"), "v");
  for (const wrong of ["config:block:add:bob", "config:block:add:@@bob", "config:block:add", "config:block"])
    assert.match(await again.ask(wrong), /^error:AT0003-/, wrong);
});

test("settings can be changed in testing mode only, and do what they say", async (t) => {
  const usual = await startActivated(t);
  const alice = await owner(t, usual.sandbox, "@alice");
  for (const line of ["set:autoNotify=false", "reset:autoNotify", "print:autoNotify"])
    assert.equal(await data(alice, `config:${line}`), "testing mode disabled by default", line);
  const sandbox = await startSandbox(t, { behaviour: { testingMode: true } });
  await activateBoth(sandbox);
  const [tester, bob] = [await owner(t, sandbox, "@alice"), await owner(t, sandbox, "@bob")];
  assert.equal(await data(tester, "config:set:autoNotify=false"), "ok");
  await data(tester, "update:@bob:quiet@alice v");
  assert.equal(await data(tester, "config:print:autoNotify"), "false");
  assert.equal(await data(tester, "config:reset:autoNotify"), "ok");
  await data(tester, "update:@bob:loud@alice v");
  const told = (await json(bob, "notify:list")) as { key: string }[];
  assert.deepEqual(
    told.map(({ key }) => key),
    ["@bob:loud@alice"],
  );
  for (const wrong of ["set:autoNotify=5", "set:nothing=1", "print:nothing", "set:inboundMaxLimit=many"])
    assert.match(await tester.ask(`config:${wrong}`), /^error:AT0022-/, wrong);
  assert.match(await tester.ask("config:set:autoNotify"), /^error:AT0003-/);
});
