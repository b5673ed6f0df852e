import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { newRsaPair } from "../../../../src/atsdk/rsa.ts";
import {
  app,
  approveLine,
  appKeys,
  dataOf,
  enrolled,
  frame,
  line,
  login,
  requested,
  requestLine,
  startWorld,
} from "./with-enrollments.ts";
import { guest, temporaryFolder } from "./with-sandbox.ts";

const root = { "*": "rw", __manage: "rw" };

suite("deciding about an enrollment", () => {
  test("login follows the state: pending, denied, approved, revoked, approved again, unknown", async (t) => {
    const world = await startWorld(t);
    const { alice, sandbox } = world;
    const id = await requested(t, world, {});
    const raw = await guest(t, sandbox, "@alice");
    const states = async (expected: string) => assert.equal(await login(raw, id), expected);
    await states(`error:AT0026:enrollment_id: ${id} is pending\n@`);
    await alice.ask(approveLine(id));
    assert.match(await login(raw, id, await newRsaPair()), /^error:AT0401-/, "a wrong key");
    await states("data:success\n@alice@");
    const other = await guest(t, sandbox, "@alice");
    assert.deepEqual(dataOf(await alice.ask(line("revoke", id))), { status: "revoked", enrollmentId: id });
    assert.equal(await raw.read(), "<closed>");
    assert.equal(await login(other, id), `error:AT0027:enrollment_id: ${id} is revoked\n@`);
    assert.deepEqual(dataOf(await alice.ask(line("unrevoke", id))), { status: "approved", enrollmentId: id });
    assert.equal(await login(other, id), "data:success\n@alice@");
    const denied = await requested(t, world, { deviceName: "other" });
    await alice.ask(line("deny", denied));
    const third = await guest(t, sandbox, "@alice");
    assert.equal(await login(third, denied), `error:AT0025:enrollment_id: ${denied} is denied\n@`);
    assert.equal(await login(third, "nobody"), "error:AT0028:enrollment_id: nobody is expired or invalid\n@");
  });

  test("an operation that does not fit the state is refused and changes nothing", async (t) => {
    const world = await startWorld(t);
    const { alice } = world;
    const [pending, denied, approved, revoked] = [
      await requested(t, world, { deviceName: "1" }),
      await requested(t, world, { deviceName: "2" }),
      await enrolled(t, world, { deviceName: "3" }),
      await enrolled(t, world, { deviceName: "4" }),
    ];
    await alice.ask(line("deny", denied));
    await alice.ask(line("revoke", revoked));
    const bad: [operation: string, id: string, text: string][] = [
      ["approve", approved, "Cannot approve a approved enrollment. Only pending enrollments can be approved"],
      ["approve", denied, "Cannot approve a denied enrollment. Only pending enrollments can be approved"],
      ["deny", approved, "Cannot deny a approved enrollment. Only pending enrollments can be denied"],
      ["revoke", pending, "Cannot revoke a pending enrollment. Only approved enrollments can be revoked"],
      [
        "unrevoke",
        approved,
        "Cannot un-revoke a approved enrollment. Only revoked enrollments can be un-revoked",
      ],
    ];
    for (const [operation, id, text] of bad) {
      const reply = await alice.ask(operation === "approve" ? approveLine(id) : line(operation, id));
      assert.equal(
        reply,
        `error:AT0011-Internal server exception : Failed to ${operation} enrollment id: ${id}. ${text}\n@alice@`,
      );
    }
    for (const [id, status] of [
      [pending, "pending"],
      [approved, "approved"],
    ])
      assert.match(
        await alice.ask(line("delete", id ?? "")),
        new RegExp(`Failed to delete enrollment id: ${id} \\| Cause: Cannot delete ${status} enrollments\\.`),
      );
    const list = dataOf(await alice.ask("enroll:list"));
    const statuses = [pending, denied, approved, revoked].map(
      (id) => (list[`${id}.new.enrollments.__manage@alice`] as { status: string }).status,
    );
    assert.deepEqual(statuses, ["pending", "denied", "approved", "revoked"]);
    assert.deepEqual(
      Object.keys(dataOf(await alice.ask('enroll:list:{"enrollmentStatusFilter":["denied"]}'))),
      [`${denied}.new.enrollments.__manage@alice`],
    );
    for (const id of [denied, revoked]) {
      assert.deepEqual(dataOf(await alice.ask(line("delete", id))), { enrollmentId: id, status: "deleted" });
      assert.match(await alice.ask(line("fetch", id)), /^error:AT0028:/);
    }
  });

  test("requests lapse after 48 hours, keys when they were asked to, and connections with them", async (t) => {
    const world = await startWorld(t);
    const { alice, sandbox, time } = world;
    const pending = await requested(t, world, { deviceName: "1" });
    const short = await enrolled(t, world, { deviceName: "2", apkamKeysExpiryInMillis: 60_000 });
    const published = "public:app.2.pkam.__pkams.__public_keys@alice";
    assert.match(dataOf(await alice.ask(line("fetch", short)))["expiresAt"] as string, /^2027-/);
    assert.deepEqual(dataOf(await alice.ask(`llookup:${published}`)), { apkamPublicKey: appKeys.publicKey });
    const connection = await app(t, world, short);
    const monitor = await app(t, world, short);
    monitor.write("monitor\nnoop:0\n");
    assert.match(await frame(monitor), /^data:ok/);
    time.now += 60_000;
    assert.equal(
      await connection.ask("noop:0"),
      `error:AT0028:enrollment_id: ${short} is expired or invalid\n@alice@`,
    );
    assert.equal(await connection.read(), "<closed>");
    await alice.ask("notify:@alice:x.buzz@alice:v");
    assert.equal(await frame(monitor), "<closed>", "instead of a notification");
    const stranger = await guest(t, sandbox, "@alice");
    assert.match(await login(stranger, short), /^error:AT0028:/);
    assert.equal(await alice.ask(`llookup:${published}`), "data:null\n@alice@");
    time.now += 172_800_000;
    assert.match(await alice.ask(approveLine(pending)), /^error:AT0028:/);
  });

  test("an approver needs __manage and all that is asked for", async (t) => {
    const world = await startWorld(t);
    const manager = await app(
      t,
      world,
      await enrolled(t, world, {
        deviceName: "manager",
        namespaces: { buzz: "rw", fizz: "r", __manage: "rw" },
      }),
    );
    const plain = await app(
      t,
      world,
      await enrolled(t, world, { deviceName: "plain", namespaces: { "*": "rw" } }),
    );
    const id = await requested(t, world, { deviceName: "3" }, manager);
    assert.match(
      await plain.ask(approveLine(id)),
      /Failed to approve enrollment id: .*\. The approving enrollment does not have access to "__manage" namespace/,
    );
    for (const command of ["otp:get", "otp:put:ABC123"])
      assert.match(await plain.ask(command), /^error:AT0009-.*not authorized to otp:/);
    for (const namespaces of [{ fizz: "rw" }, { buzz: "r", other: "r" }, { "*": "r" }, root]) {
      const greedy = await requested(t, world, { deviceName: JSON.stringify(namespaces), namespaces });
      for (const command of [approveLine(greedy), line("deny", greedy)])
        assert.match(
          await manager.ask(command),
          /Client is not authorized for namespaces in the enrollment request/,
        );
    }
    assert.match(await manager.ask(approveLine(id)), /^data:\{"status":"approved"/);
  });

  test("states, keys and passcodes outlive the server", async (t) => {
    const dataDir = temporaryFolder(t);
    const first = await startWorld(t, { dataDir });
    const approved = await enrolled(t, first, { deviceName: "1" });
    const revoked = await enrolled(t, first, { deviceName: "2" });
    const pending = await requested(t, first, { deviceName: "3" });
    await first.alice.ask(line("revoke", revoked));
    const otp = (await first.alice.ask("otp:get")).slice(5, 11);
    await first.sandbox.close();
    const second = await startWorld(t, { dataDir });
    const raw = await app(t, second, approved);
    const key = `${approved}.default_self_enc_key.__manage@alice`;
    assert.deepEqual(dataOf(await raw.ask(`keys:get:keyName:${key}`)), { value: "self" });
    const stranger = await guest(t, second.sandbox, "@alice");
    assert.match(await login(stranger, revoked), /^error:AT0027:/);
    assert.match(await login(stranger, pending), /^error:AT0026:/);
    assert.match(await stranger.ask(requestLine({ otp, deviceName: "4" })), /"status":"pending"/);
  });

  test("strangers and other servers administer nothing", async (t) => {
    const world = await startWorld(t);
    const stranger = await guest(t, world.sandbox, "@alice");
    for (const operation of [
      "approve",
      "deny",
      "revoke",
      "unrevoke",
      "delete",
      "list",
      "fetch",
      "listns",
      "infons",
    ])
      assert.equal(
        await stranger.ask(`enroll:${operation}:{"enrollmentId":"x"}`),
        `error:AT0401-Exception: Cannot ${operation} enrollment without authentication\n@`,
      );
  });

  test("an enrollment without __manage sees itself only", async (t) => {
    const world = await startWorld(t);
    const own = await enrolled(t, world, { deviceName: "1" });
    const other = await enrolled(t, world, { deviceName: "2" });
    const raw = await app(t, world, own);
    assert.deepEqual(Object.keys(dataOf(await raw.ask("enroll:list"))), [
      `${own}.new.enrollments.__manage@alice`,
    ]);
    assert.equal(dataOf(await raw.ask(line("fetch", own)))["deviceName"], "1");
    assert.match(await raw.ask(line("fetch", other)), /^error:AT0028:/);
    const known = dataOf(await world.alice.ask("enroll:list"));
    assert.deepEqual(
      Object.keys(known).map((key) => key.split(".")[0]),
      ["primary", own, other],
    );
  });
});

test("facts about a namespace are for its holders", async (t) => {
  const world = await startWorld(t);
  const { alice, time } = world;
  const buzz = await enrolled(t, world, { deviceName: "1", metadata: { keyPackage: "k" } });
  const all = await enrolled(t, world, { deviceName: "2", namespaces: { "*": "r" } });
  const fizz = await app(t, world, await enrolled(t, world, { deviceName: "3", namespaces: { fizz: "rw" } }));
  const raw = await app(t, world, buzz);
  const key = { apkamPubKey: appKeys.publicKey };
  assert.deepEqual(dataOf(await raw.ask("enroll:listns:buzz")), [
    { enrollmentId: buzz, access: "rw", ...key, metadata: { keyPackage: "k" } },
    { enrollmentId: all, access: "r", ...key, metadata: null },
  ]);
  assert.deepEqual(dataOf(await raw.ask("enroll:infons:buzz")), { lastRevokedAt: null });
  await alice.ask(line("revoke", all));
  assert.deepEqual(dataOf(await raw.ask("enroll:infons:buzz")), {
    lastRevokedAt: new Date(time.now).toISOString(),
  });
  assert.match(await fizz.ask("enroll:listns:buzz"), /^error:AT0009-/);
  assert.match(await alice.ask("enroll:listns:buzz"), /^error:AT0011-/);
  assert.match(await raw.ask("enroll:listns"), /^error:AT0022-/);
});
