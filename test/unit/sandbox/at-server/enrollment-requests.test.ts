import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { defaultBehaviour } from "../../../../src/sandbox/at-server/behaviour.ts";
import { aliceKeys } from "../../atsdk/vectors.ts";
import {
  app,
  dataOf,
  enrolled,
  frame,
  line,
  requested,
  requestLine,
  startWorld,
} from "./with-enrollments.ts";
import { guest } from "./with-sandbox.ts";

suite("asking for an enrollment", () => {
  test("a stranger needs a passcode, which is good once and for five minutes", async (t) => {
    const world = await startWorld(t);
    const { alice, sandbox, time, delay } = world;
    const otp = (await alice.ask("otp:get")).slice(5, 11);
    assert.match(otp, /^(?=.*\d)[1-9A-NP-Z]{6}$/);
    const stranger = await guest(t, sandbox, "@alice");
    const wrong = "error:AT0011-Exception: invalid otp. Cannot process enroll request\n@";
    const first = dataOf(await stranger.ask(requestLine({ otp: otp.toLowerCase() })));
    assert.equal(first["status"], "pending");
    stranger.write(`${requestLine({ otp, deviceName: "other" })}\n`);
    (await delay.next()).end();
    assert.equal(await stranger.read(), wrong, "used up");
    const late = (await alice.ask("otp:get:ttl:1000")).slice(5, 11);
    time.now += 1_000;
    stranger.write(`${requestLine({ otp: late, deviceName: "other" })}\n`);
    (await delay.next()).end();
    assert.equal(await stranger.read(), wrong, "too late");
    stranger.write(`${requestLine({ deviceName: "other" })}\n`);
    (await delay.next()).end();
    assert.equal(await stranger.read(), wrong, "none");
  });

  test("a semi-permanent passcode is good until it is replaced or ends", async (t) => {
    const world = await startWorld(t);
    const { alice, sandbox, time, delay } = world;
    assert.equal(await alice.ask("otp:put:Abc123"), "data:ok\n@alice@");
    const ask = async (otp: string, deviceName: string) => {
      const stranger = await guest(t, sandbox, "@alice");
      stranger.write(`${requestLine({ otp, deviceName })}\n`);
      return stranger;
    };
    for (const device of ["one", "two"])
      assert.match(await (await ask("Abc123", device)).read(), /"status":"pending"/);
    const guessed = await ask("spp", "three");
    (await delay.next()).end();
    assert.match(await guessed.read(), /invalid otp/, "the name it is kept under is no passcode");
    assert.equal(await alice.ask("otp:put:Def456:ttl:5000"), "data:ok\n@alice@");
    time.now += 5_000;
    const late = await ask("Def456", "three");
    (await delay.next()).end();
    assert.match(await late.read(), /invalid otp/);
    assert.match(await alice.ask("otp:put:short"), /^error:AT0003-/);
  });

  test("whoever may decide is told at once, others are not", async (t) => {
    const world = await startWorld(t);
    const monitorOf = async (namespaces: object, deviceName: string, options = ":selfNotifications") => {
      const raw = await app(t, world, await enrolled(t, world, { namespaces, deviceName }));
      raw.write(`monitor${options}\n`);
      raw.write("noop:0\n");
      assert.match(await frame(raw), /^data:ok\n/);
      return raw;
    };
    const all = await monitorOf({ "*": "rw" }, "all");
    const withoutOption = await monitorOf({ __manage: "rw" }, "plain", "");
    const manager = await monitorOf({ __manage: "r" }, "manager");
    const id = await requested(t, world, {});
    const [, json = ""] = /^notification: (\{.+\})\n$/.exec(await frame(manager)) ?? [];
    const { key, value, from, to } = JSON.parse(json) as Record<string, string>;
    assert.deepEqual([key, from, to], [`${id}.new.enrollments.__manage@alice`, "@alice", "@alice"]);
    assert.deepEqual(JSON.parse(value ?? ""), {
      encryptedApkamSymmetricKey: "wrapped",
      encryptedAPKAMSymmetricKey: "wrapped",
      appName: "app",
      deviceName: "device",
      namespace: { buzz: "rw" },
    });
    for (const other of [all, withoutOption]) {
      other.write("noop:1\n");
      assert.match(await frame(other), /^data:ok\n/, "nothing came before");
    }
  });

  test("what is missing or not as expected is named", async (t) => {
    const { alice } = await startWorld(t);
    const cases: [string, RegExp][] = [
      [requestLine({ appName: undefined }), /AT0011-.*appName is mandatory for enroll:request/],
      [requestLine({ deviceName: "" }), /AT0011-.*deviceName is mandatory/],
      [requestLine({ apkamPublicKey: null }), /AT0011-.*apkam public key is mandatory/],
      [requestLine({ namespaces: {} }), /AT0011-.*At least one namespace/],
      [requestLine({ namespaces: undefined }), /AT0011-.*At least one namespace/],
      [requestLine({ namespaces: { buzz: "rwx" } }), /AT0022-.*namespaces\.buzz is not valid/],
      [requestLine({ namespaces: { "a b": "r" } }), /AT0022-.*namespaces\.a b is not valid/],
      [requestLine({ apkamKeysExpiryInMillis: -1 }), /AT0022-.*apkamKeysExpiryInMillis is not valid/],
      [requestLine({ otp: "ABC123", encryptedAPKAMSymmetricKey: "" }), /AT0011-.*encrypted apkam symmetric/],
      ["enroll:request:{", /AT0003-.*not JSON/],
      ["enroll:request", /AT0022-.*Enroll parameters not provided/],
      ["enroll:approve", /AT0022-.*Enroll parameters not provided/],
      ['enroll:approve:{"enrollmentId":"x"}', /AT0011-.*encryptedDefaultEncryptionPrivateKey is mandatory/],
      ["enroll:deny:{}", /AT0011-.*enrollmentId is mandatory for enroll:deny/],
      ["enroll:invent:{}", /AT0003-/],
      ["enroll", /AT0003-/],
    ];
    for (const [command, expected] of cases) assert.match(await alice.ask(command), expected, command);
  });

  test("an app has one enrollment on a device, and with unique keys a key one enrollment", async (t) => {
    const world = await startWorld(t, { behaviour: { ...defaultBehaviour, uniqueEnrollmentKeys: true } });
    const { alice } = world;
    const id = await requested(t, world, {});
    assert.match(
      await alice.ask(requestLine({ apkamPublicKey: "another" })),
      new RegExp(
        `AT0011-.*Another enrollment with id ${id} exists with the app name: app and device name: device in pending state`,
      ),
    );
    assert.match(await alice.ask(requestLine({ deviceName: "second" })), /^error:AT0032-/);
    const legacy = { deviceName: "third", apkamPublicKey: aliceKeys.pkamPublicKey };
    assert.match(await alice.ask(requestLine(legacy)), /^error:AT0032-/);
    await alice.ask(line("deny", id));
    assert.match(await alice.ask(requestLine({ apkamPublicKey: "another" })), /"status":"pending"/);
  });
});
