import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "../../../fakes/fast-check.ts";
import { app, dataOf, enrolled, line, requestLine, startWorld, type World } from "./with-enrollments.ts";
import { guest } from "./with-sandbox.ts";

const tooMany = /AT0011-.*Enrollment requests have exceeded the limit within the specified time frame/;

suite("enrollment spam", () => {
  test("each wrong passcode is answered later than the one before, whoever sends it, until there is a good one", async (t) => {
    const world = await startWorld(t);
    const { alice, sandbox, time, delay } = world;
    const guess = async () => {
      const stranger = await guest(t, sandbox, "@alice");
      stranger.write(`${requestLine({ otp: "WRONG1" })}\n`);
      const wait = await delay.next();
      wait.end();
      assert.match(await stranger.read(), /^error:AT0011-Exception: invalid otp/);
      return wait.ms / 1_000;
    };
    const seconds: number[] = [];
    for (let i = 0; i < 12; i++) seconds.push(await guess());
    assert.deepEqual(seconds, [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 55, 55]);
    const otp = (await alice.ask("otp:get")).slice(5, 11);
    const stranger = await guest(t, sandbox, "@alice");
    assert.match(await stranger.ask(requestLine({ otp })), /"status":"pending"/, "without delay");
    assert.deepEqual([await guess(), await guess(), await guess()], [1, 1, 2]);
    time.now += 60_000;
    assert.equal(await guess(), 1, "a quiet minute forgives");
  });

  test("who hangs up frees what waits for him; but guessing goes no faster by that", async (t) => {
    const world = await startWorld(t, { enrollmentLimits: { requests: 1_000 } });
    const { alice, sandbox, time, delay } = world;
    const impatient = await guest(t, sandbox, "@alice");
    impatient.write(`${requestLine({ otp: "WRONG1" })}\n`);
    const wait = await delay.next();
    impatient.end();
    await wait.aborted;
    const guessing = await guest(t, sandbox, "@alice");
    for (let i = 1; i < 200; i++) {
      guessing.write(`${requestLine({ otp: "WRONG1" })}\n`);
      (await delay.next()).end();
      assert.match(await guessing.read(), /invalid otp/);
    }
    const otp = (await alice.ask("otp:get:ttl:600000")).slice(5, 11);
    const stranger = await guest(t, sandbox, "@alice");
    assert.match(await stranger.ask(requestLine({ otp: "WRONG1" })), tooMany);
    assert.match(await stranger.ask(requestLine({ otp })), tooMany, "no passcode is looked at");
    assert.match(await alice.ask(requestLine({ deviceName: "2" })), /"status":"pending"/, "owners need none");
    time.now += 55_000;
    assert.match(await stranger.ask(requestLine({ otp })), /"status":"pending"/);
  });

  test("a connection may ask five times in an hour", async (t) => {
    const { alice, time } = await startWorld(t);
    for (let i = 0; i < 5; i++)
      assert.match(await alice.ask(requestLine({ deviceName: `${i}` })), /"status":"pending"/);
    assert.match(await alice.ask(requestLine({ deviceName: "5" })), tooMany);
    time.now += 3_599_999;
    assert.match(await alice.ask(requestLine({ deviceName: "5" })), tooMany);
    time.now += 1;
    assert.match(await alice.ask(requestLine({ deviceName: "5" })), /"status":"pending"/);
  });

  test("so many may be pending, and so many kept in all: the oldest denied or revoked goes first", async (t) => {
    const limits = { pending: 2, total: 4, requests: 100 };
    const world = await startWorld(t, { enrollmentLimits: limits });
    const { alice, time } = world;
    const ask = (deviceName: string) => alice.ask(requestLine({ deviceName }));
    const pending = [await idOf(ask("1")), await idOf(ask("2"))];
    assert.match(await ask("3"), /AT0011-.*Too many enrollments are pending/);
    for (const id of pending) await alice.ask(line("deny", id));
    const kept = [
      await enrolled(t, world, { deviceName: "3" }),
      await enrolled(t, world, { deviceName: "4" }),
    ];
    assert.deepEqual(await ids(world), [...pending, ...kept]);
    const fifth = await enrolled(t, world, { deviceName: "5" });
    const sixth = await enrolled(t, world, { deviceName: "6" });
    assert.deepEqual(await ids(world), [...kept, fifth, sixth]);
    assert.match(await ask("7"), /AT0011-.*There are too many enrollments/);
    await alice.ask(line("revoke", fifth));
    const seventh = await idOf(ask("7"));
    assert.deepEqual(await ids(world), [...kept, sixth, seventh]);
    time.now += 172_800_000;
    assert.deepEqual(await ids(world), [...kept, sixth], "pending ones lapse");
  });

  test("whatever is given as parameters is answered, and the connection goes on", async (t) => {
    const { alice } = await startWorld(t, { enrollmentLimits: { requests: 1_000, pending: 1_000 } });
    const operations = fc.constantFrom(
      "request",
      "approve",
      "deny",
      "revoke:force",
      "delete",
      "list",
      "fetch",
    );
    const fields = `enrollmentId appName deviceName namespaces otp apkamPublicKey metadata
      apkamKeysExpiryInMillis enrollmentStatusFilter __proto__ constructor`;
    const field = fc.constantFrom(...fields.split(/\s+/));
    const parameters = fc.dictionary(field, fc.jsonValue()).map((value) => JSON.stringify(value));
    const text = fc.oneof(
      parameters,
      fc.json(),
      fc.string().map((any) => any.replaceAll(/[\r\n]/g, "")),
    );
    await fc.assert(
      fc.asyncProperty(operations, text, async (operation, json) => {
        assert.match(await alice.ask(`enroll:${operation}:${json}`), /^(?:data|error):[^]*@alice@$/);
      }),
      { numRuns: 300, seed: 4 },
    );
    const deep = `${"[".repeat(15_000)}${"]".repeat(15_000)}`;
    for (const json of [
      `{"metadata":${deep}}`,
      `{"metadata":{"x":${deep}}}`,
      `{"appName":"${"x".repeat(40_000)}"}`,
    ])
      assert.match(await alice.ask(`enroll:request:${json}`), /^error:AT00(?:03|11|22)-/);
    assert.equal(await alice.ask("noop:0"), "data:ok\n@alice@");
  });

  test("names that no key can have are kept, but nothing is published under them", async (t) => {
    const world = await startWorld(t);
    const names = { appName: "Bob's: app @home", deviceName: "é".repeat(200) };
    const id = await enrolled(t, world, names);
    assert.equal(dataOf(await world.alice.ask(line("fetch", id)))["appName"], names.appName);
    assert.deepEqual(JSON.parse((await world.alice.ask("scan __pkams")).slice(5).split("\n")[0] ?? ""), []);
    await app(t, world, id);
    assert.match(
      await world.alice.ask(requestLine({ appName: "x".repeat(201) })),
      /^error:AT0022-.*appName is not valid/,
    );
  });
});

async function idOf(reply: Promise<string>): Promise<string> {
  return String(dataOf(await reply)["enrollmentId"]);
}

async function ids({ alice }: World): Promise<string[]> {
  return Object.keys(dataOf(await alice.ask("enroll:list")))
    .map((key) => key.split(".")[0] ?? "")
    .filter((id) => id !== "primary");
}
