import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import {
  AtClient,
  AtError,
  checkEnrollment,
  enrollmentFingerprint,
  type Namespaces,
  type PendingEnrollment,
  requestEnrollment,
  waitForEnrollment,
} from "@atsign/atsdk";
import { encryptAes } from "../../../src/atsdk/aes.ts";
import type { AtSandbox } from "../../../src/sandbox/at-server/start-at-sandbox.ts";
import {
  activateBoth,
  openClient,
  owner,
  startActivated,
  startSandbox,
} from "../sandbox/at-server/with-sandbox.ts";
import { aliceKeys } from "./vectors.ts";

const hasCode = (code: string) => (error: unknown) => error instanceof AtError && error.code === code;
const noPause = () => Promise.resolve();
const asLaptop = {
  atSign: "@alice",
  appName: "stock",
  deviceName: "laptop",
  namespaces: { stock: "rw" },
} as const;

/** Makes a passcode and asks with it. */
async function request(
  sandbox: AtSandbox,
  alice: AtClient,
  deviceName = "laptop",
): Promise<PendingEnrollment> {
  const otp = await alice.enrollments.createPasscode();
  return requestEnrollment({ ...sandbox, ...asLaptop, deviceName, otp });
}

async function openLaptop(t: TestContext, sandbox: AtSandbox, pending: PendingEnrollment): Promise<AtClient> {
  const outcome = await waitForEnrollment(pending, { ...sandbox, pause: noPause });
  assert.ok(outcome.status === "approved");
  const client = await AtClient.open({ ...sandbox, atSign: "@alice", keys: outcome.keys });
  t.after(() => client.close());
  return client;
}

suite("enrollment of a second device", () => {
  test("it gets the atSign's keys once it is approved, and may do what its namespaces say", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await openClient(t, sandbox, "@alice");
    await alice.put({ kind: "self", name: "note", namespace: "stock" }, "from the first");
    await alice.put({ kind: "self", name: "note", namespace: "other" }, "not for the second");
    const pending = await request(sandbox, alice);
    assert.deepEqual(await checkEnrollment(pending, sandbox), { status: "pending" });

    const [listed, ...more] = await alice.enrollments.list({ statuses: ["pending"] });
    assert.deepEqual(more, []);
    assert.deepEqual(
      { ...listed, wrappedKey: "" },
      {
        id: pending.enrollmentId,
        appName: "stock",
        deviceName: "laptop",
        namespaces: { stock: "rw" },
        status: "pending",
        wrappedKey: "",
        expiresAt: undefined,
      },
    );
    await alice.enrollments.approve(pending.enrollmentId, { fingerprint: enrollmentFingerprint(pending) });
    const outcome = await checkEnrollment(pending, sandbox);
    assert.ok(outcome.status === "approved");
    assert.equal(outcome.keys.encryptionPrivateKey, aliceKeys.encryptionPrivateKey);
    assert.equal(outcome.keys.selfEncryptionKey, aliceKeys.selfEncryptionKey);
    assert.equal(outcome.keys.apkamSymmetricKey, pending.apkamSymmetricKey);

    const laptop = await openLaptop(t, sandbox, pending);
    assert.equal(await laptop.get({ kind: "self", name: "note", namespace: "stock" }), "from the first");
    await laptop.put({ kind: "self", name: "reply", namespace: "stock" }, "from the second");
    assert.equal(await alice.get({ kind: "self", name: "reply", namespace: "stock" }), "from the second");
    await assert.rejects(laptop.get({ kind: "self", name: "note", namespace: "other" }), hasCode("AT0009"));
    await assert.rejects(laptop.put({ kind: "self", name: "x", namespace: "other" }, "x"), hasCode("AT0009"));
    await assert.rejects(laptop.enrollments.createPasscode(), AtError);
    assert.deepEqual(
      (await laptop.enrollments.list()).map((e) => e.id),
      [pending.enrollmentId],
    );
  });

  test("what it notes of itself is told to who lists it, and amended by itself alone", async (t) => {
    const { sandbox, time } = await startActivated(t);
    const alice = await openClient(t, sandbox, "@alice");
    const otp = await alice.enrollments.createPasscode();
    const metadata = { model: "M1\n", tags: ["a"] };
    const pending = await requestEnrollment({ ...sandbox, ...asLaptop, otp, metadata });
    await alice.enrollments.approve(pending.enrollmentId);
    const told = async () => (await alice.enrollments.fetch(pending.enrollmentId)).metadata;
    assert.deepEqual(await told(), metadata);
    const laptop = await openLaptop(t, sandbox, pending);
    await laptop.enrollments.updateMetadata({ tags: [], place: "home" });
    assert.deepEqual(await told(), { model: "M1\n", tags: [], place: "home" });
    await assert.rejects(alice.enrollments.updateMetadata({ place: "away" }), hasCode("invalid-key-file"));
    const metadataNow = { model: "M1\n", tags: [], place: "home" };
    const mine = { id: pending.enrollmentId, access: "rw", metadata: metadataNow } as const;
    assert.deepEqual(await laptop.enrollments.members("stock"), [mine]);
    const second = await request(sandbox, alice, "other");
    await alice.enrollments.approve(second.enrollmentId);
    assert.deepEqual(await laptop.enrollments.members("stock"), [
      mine,
      { id: second.enrollmentId, access: "rw" },
    ]);
    assert.equal(await laptop.enrollments.lastRevokedAt("stock"), undefined);
    time.now += 5;
    await alice.enrollments.revoke(second.enrollmentId);
    assert.deepEqual(await laptop.enrollments.members("stock"), [mine]);
    assert.equal(await laptop.enrollments.lastRevokedAt("stock"), time.now);
    await assert.rejects(laptop.enrollments.members("else"), hasCode("AT0009"));
    await assert.rejects(laptop.enrollments.members("a:b"), hasCode("invalid-value"));
  });

  test("each outcome is told apart", async (t) => {
    const { sandbox, time } = await startActivated(t);
    const { enrollments } = await openClient(t, sandbox, "@alice");
    await enrollments.keepPasscode("abc123");
    const ask = (deviceName: string) =>
      requestEnrollment({ ...sandbox, ...asLaptop, deviceName, otp: "abc123", keysExpireAfterMs: 3_600_000 });
    const look = async (pending: PendingEnrollment) => (await checkEnrollment(pending, sandbox)).status;

    const denied = await ask("denied");
    await enrollments.deny(denied.enrollmentId);
    await enrollments.deny(denied.enrollmentId);
    assert.equal(await look(denied), "denied");
    await assert.rejects(enrollments.approve(denied.enrollmentId), hasCode("AT0011"));
    await enrollments.delete(denied.enrollmentId);
    await enrollments.delete(denied.enrollmentId);
    await assert.rejects(enrollments.fetch(denied.enrollmentId), hasCode("AT0028"));

    const approved = await ask("approved");
    await enrollments.approve(approved.enrollmentId);
    await enrollments.approve(approved.enrollmentId);
    assert.equal((await enrollments.fetch(approved.enrollmentId)).expiresAt, time.now + 3_600_000);
    await enrollments.revoke(approved.enrollmentId);
    assert.equal(await look(approved), "revoked");
    await enrollments.unrevoke(approved.enrollmentId);
    assert.equal(await look(approved), "approved");
    time.now += 3_600_001;
    assert.equal(await look(approved), "expired");

    const late = await ask("late");
    assert.equal(await look(late), "pending");
    time.now += 48 * 3_600_000 + 1;
    assert.equal(await look(late), "expired");
  });

  test("waiting ends with the decision, the time given, or the signal", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await openClient(t, sandbox, "@alice");
    const pending = await request(sandbox, alice);
    let now = 0;
    const looks: number[] = [];
    const outcome = await waitForEnrollment(pending, {
      ...sandbox,
      clock: () => now,
      giveUpAfterMs: 3_000,
      pause: async (attempt) => {
        looks.push(attempt);
        now += 1_000;
      },
    });
    assert.deepEqual([outcome, looks], [{ status: "pending" }, [0, 1, 2]]);

    const stop = new AbortController();
    const waiting = waitForEnrollment(pending, {
      ...sandbox,
      signal: stop.signal,
      pause: async () => stop.abort(),
    });
    await assert.rejects(waiting, hasCode("aborted"));
    const decided = waitForEnrollment(pending, {
      ...sandbox,
      pause: () => alice.enrollments.approve(pending.enrollmentId),
    });
    assert.equal((await decided).status, "approved");
  });

  test("a wrong passcode, a used one and a name that is taken are refused", async (t) => {
    const time = { now: 1_800_000_000_000 };
    const sandbox = await startSandbox(t, { clock: () => time.now, delay: noPause });
    await activateBoth(sandbox);
    const { enrollments } = await openClient(t, sandbox, "@alice");
    const otp = await enrollments.createPasscode({ ttlMs: 1_000 });
    assert.match(otp, /^[A-Z1-9]{6}$/);
    await assert.rejects(requestEnrollment({ ...sandbox, ...asLaptop, otp: "WRONG1" }), hasCode("AT0011"));
    await requestEnrollment({ ...sandbox, ...asLaptop, otp });
    await assert.rejects(
      requestEnrollment({ ...sandbox, ...asLaptop, deviceName: "two", otp }),
      hasCode("AT0011"),
    );
    await assert.rejects(
      requestEnrollment({ ...sandbox, ...asLaptop, otp: await enrollments.createPasscode() }),
      hasCode("AT0011"),
    );
    for (const wrong of [
      { otp: "a\nb123" },
      { appName: "a b" },
      { deviceName: "a\nb" },
      { namespaces: {} as Namespaces },
      { namespaces: { "a:b": "r" as const } as Namespaces },
      { namespaces: { stock: "w" } as unknown as Namespaces },
      { keysExpireAfterMs: 0.5 },
    ])
      await assert.rejects(
        requestEnrollment({ ...sandbox, ...asLaptop, otp, ...wrong }),
        hasCode("invalid-value"),
      );
    await assert.rejects(enrollments.keepPasscode("abc-12"), hasCode("invalid-value"));
    await assert.rejects(enrollments.fetch('x"}'), hasCode("invalid-value"));
  });

  test("keys of an approver of before 2025 arrive too, others are refused", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await openClient(t, sandbox, "@alice");
    const raw = await owner(t, sandbox, "@alice");
    const approveWith = async (pending: PendingEnrollment, privateKey: string) => {
      const parameters = {
        enrollmentId: pending.enrollmentId,
        encryptedDefaultEncryptionPrivateKey: encryptAes(privateKey, pending.apkamSymmetricKey),
        encryptedDefaultSelfEncryptionKey: encryptAes(aliceKeys.selfEncryptionKey, pending.apkamSymmetricKey),
      };
      assert.match(await raw.ask(`enroll:approve:${JSON.stringify(parameters)}`), /"approved"/);
      return checkEnrollment(pending, sandbox);
    };
    const old = await approveWith(await request(sandbox, alice), aliceKeys.encryptionPrivateKey);
    assert.ok(old.status === "approved" && old.keys.encryptionPrivateKey === aliceKeys.encryptionPrivateKey);
    const other = await request(sandbox, alice, "other");
    await assert.rejects(approveWith(other, aliceKeys.pkamPrivateKey), hasCode("decrypt-failed"));
  });

  test("attack: the atServer hands the approver a key of its own", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await openClient(t, sandbox, "@alice");
    const shown = enrollmentFingerprint(await request(sandbox, alice));
    const { enrollmentId } = await request(sandbox, alice, "of-the-attacker");
    const approval = alice.enrollments.approve(enrollmentId, { fingerprint: shown });
    await assert.rejects(approval, hasCode("fingerprint-mismatch"));
    assert.equal((await alice.enrollments.fetch(enrollmentId)).status, "pending");
  });

  test("a revoked device is shut out while it is connected, and cannot revoke itself unasked", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await openClient(t, sandbox, "@alice");
    const otp = await alice.enrollments.createPasscode();
    const pending = await requestEnrollment({
      ...sandbox,
      ...asLaptop,
      namespaces: { __manage: "rw", stock: "rw" },
      otp,
    });
    await alice.enrollments.approve(pending.enrollmentId);
    const laptop = await openLaptop(t, sandbox, pending);
    await assert.rejects(laptop.enrollments.revoke(pending.enrollmentId), hasCode("AT0031"));
    await laptop.put({ kind: "self", name: "x", namespace: "stock" }, "x");
    await alice.enrollments.revoke(pending.enrollmentId);
    await assert.rejects(laptop.get({ kind: "self", name: "x", namespace: "stock" }), hasCode("AT0027"));
  });
});
