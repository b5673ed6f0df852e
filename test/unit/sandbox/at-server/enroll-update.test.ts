import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { loginKey, newLoginPair, signLogin } from "../../../../src/atsdk/login-key.ts";
import { type LoginAlgorithm, possessionText } from "../../../../src/atsdk/codec/enrollment.ts";
import { defaultBehaviour } from "../../../../src/sandbox/at-server/behaviour.ts";
import {
  app,
  appKeys,
  approveLine,
  dataOf,
  enrolled,
  line,
  login,
  requested,
  startWorld,
  type World,
} from "./with-enrollments.ts";
import { all, challengeOf, guest, type RawConnection } from "./with-sandbox.ts";

type Pair = Awaited<ReturnType<typeof newLoginPair>>;

/** `enroll:update` with a good proof, but for what the test alters. */
function updateLine(
  id: string,
  pair: Pair,
  o: { signingAlgo?: LoginAlgorithm; of?: string; by?: Pair; more?: Record<string, unknown> } = {},
): string {
  const { signingAlgo = "rsa2048", of = id, by = pair, more } = o;
  const text = possessionText(of, pair.publicKey, signingAlgo);
  return `enroll:update:${JSON.stringify({
    enrollmentId: id,
    apkamPublicKey: pair.publicKey,
    signingAlgo,
    apkamPublicKeySignature: signLogin(text, loginKey(by.privateKey)),
    ...more,
  })}`;
}

/** A login that names `algorithm`, whatever the key is. */
async function loginAs(raw: RawConnection, id: string, keys: Pair, algorithm: string): Promise<string> {
  const signature = signLogin(await challengeOf(raw, "@alice"), loginKey(keys.privateKey));
  return raw.ask(`pkam:signingAlgo:${algorithm}:hashingAlgo:sha256:enrollmentId:${id}:${signature}`);
}

/** What the server answers to a login with each of the keys. */
async function answers(world: World, raw: RawConnection, id: string, ...keys: Pair[]): Promise<string[]> {
  const found: string[] = [];
  for (const each of keys) found.push((await login(raw, id, each)).slice(0, 12));
  return found;
}

const success = "data:success";
const refused = "error:AT0401";

suite("enroll:update", () => {
  test("changes the key in place: the old one is refused, the record is the same, connections stay", async (t) => {
    const world = await startWorld(t);
    const { alice, sandbox } = world;
    const id = await enrolled(t, world, { apkamKeysExpiryInMillis: 3_600_000 });
    const [own, other] = [await app(t, world, id), await app(t, world, id)];
    const before = await alice.ask(line("fetch", id));
    world.time.now += 60_000;
    const next = await newLoginPair();
    assert.deepEqual(dataOf(await own.ask(updateLine(id, next))), { enrollmentId: id, status: "approved" });
    const raw = await guest(t, sandbox, "@alice");
    assert.deepEqual(await answers(world, raw, id, appKeys, next), [refused, success]);
    assert.equal(await alice.ask(line("fetch", id)), before, "state, rights and end are untouched");
    assert.deepEqual(dataOf(await alice.ask("llookup:public:app.device.pkam.__pkams.__public_keys@alice")), {
      apkamPublicKey: next.publicKey,
    });
    for (const each of [own, other]) assert.equal(await each.ask("noop:0"), "data:ok\n@alice@");
    world.time.now += 3_540_000;
    const late = await guest(t, sandbox, "@alice");
    assert.match(await login(late, id, next), /^error:AT0028:/, "the end stays where it was");
  });

  test("the kind of key is the record's to say, whatever the wire says", async (t) => {
    const world = await startWorld(t);
    const id = await enrolled(t, world, {});
    const own = await app(t, world, id);
    const raw = await guest(t, world.sandbox, "@alice");
    for (const signingAlgo of ["ecc_secp256r1", "mldsa65", "rsa2048"] as const) {
      const next = await newLoginPair(signingAlgo);
      assert.match(await own.ask(updateLine(id, next, { signingAlgo })), /"status":"approved"/);
      for (const word of ["rsa2048", "ecc_secp256r1", "mldsa65"])
        assert.equal(
          await loginAs(raw, id, next, word),
          "data:success\n@alice@",
          `${signingAlgo} as ${word}`,
        );
    }
    const rsa = await newLoginPair();
    assert.match(
      await own.ask(updateLine(id, rsa, { signingAlgo: "rsa2048", more: { signingAlgo: "mldsa65" } })),
      /^error:AT0011-.*does not verify/,
    );
    assert.match(
      await own.ask(`enroll:update:{"enrollmentId":"${id}","signingAlgo":"mldsa65"}`),
      /^error:AT0022-.*without apkamPublicKey/,
    );
  });

  test("a forged, missing, foreign or replayed proof changes nothing", async (t) => {
    const world = await startWorld(t);
    const { alice, sandbox } = world;
    const id = await enrolled(t, world, { deviceName: "1" });
    const victim = await enrolled(t, world, { deviceName: "2" });
    const own = await app(t, world, id);
    const [next, thief] = [await newLoginPair(), await newLoginPair()];
    const foreign = await app(t, world, victim);
    const good = updateLine(id, next);
    const attacks: [who: RawConnection, line: string, expected: RegExp][] = [
      [own, updateLine(id, next, { by: thief }), /^error:AT0011-.*does not verify/],
      [own, updateLine(id, next, { by: appKeys }), /^error:AT0011-.*does not verify/],
      [own, updateLine(id, next, { of: victim }), /^error:AT0011-.*does not verify/],
      [
        own,
        updateLine(id, next, { more: { apkamPublicKey: thief.publicKey } }),
        /^error:AT0011-.*does not verify/,
      ],
      [own, updateLine(id, next, { more: { apkamPublicKeySignature: null } }), /^error:AT0011-.*requires/],
      [own, updateLine(id, next, { more: { apkamPublicKeySignature: "" } }), /^error:AT0011-.*requires/],
      [own, updateLine(id, next, { more: { apkamPublicKey: "no key" } }), /^error:AT0011-.*does not verify/],
      [own, updateLine(id, next, { more: { signingAlgo: "none" } }), /^error:AT0022-.*signingAlgo/],
      [own, updateLine(id, next, { more: { namespaces: { "*": "rw" } } }), /^error:AT0022-.*namespaces/],
      [own, line("update", id), /^error:AT0022-.*at least one/],
      [own, updateLine(victim, next), /^error:AT0011-.*self-only/],
      [own, updateLine("primary", next), /^error:AT0011-.*self-only/],
      [own, updateLine("nobody", next), /^error:AT0011-.*self-only/],
      [foreign, good, /^error:AT0011-.*self-only/],
      [alice, good, /^error:AT0011-.*self-only: this connection is authenticated as the owner/],
      [alice, updateLine("primary", next), /^error:AT0011-.*self-only/],
      [await guest(t, sandbox, "@alice"), good, /^error:AT0401-/],
    ];
    for (const [who, text, expected] of attacks)
      assert.match(await who.ask(text), expected, text.slice(0, 120));
    const raw = await guest(t, sandbox, "@alice");
    assert.deepEqual(await answers(world, raw, id, next, thief, appKeys), [refused, refused, success]);
    assert.deepEqual(await answers(world, raw, victim, next, thief, appKeys), [refused, refused, success]);

    assert.match(await own.ask(good), /"status":"approved"/);
    const third = await newLoginPair();
    await own.ask(updateLine(id, third));
    const replaying = await guest(t, sandbox, "@alice");
    assert.match(await replaying.ask(good), /^error:AT0401-/);
    assert.match(await foreign.ask(good), /^error:AT0011-.*self-only/);
    assert.deepEqual(await answers(world, raw, id, next, third), [refused, success]);
  });

  test("no enrollment that is not approved gets another key", async (t) => {
    const world = await startWorld(t);
    const { alice, sandbox, time } = world;
    const next = await newLoginPair();
    const pending = await requested(t, world, { deviceName: "1" });
    const denied = await requested(t, world, { deviceName: "2" });
    await alice.ask(line("deny", denied));
    const revoked = await enrolled(t, world, { deviceName: "3" });
    const doomed = await app(t, world, revoked);
    await alice.ask(line("revoke", revoked));
    assert.equal(await doomed.read(), "<closed>");
    for (const id of [pending, denied, revoked]) {
      const raw = await guest(t, sandbox, "@alice");
      assert.match(await login(raw, id), /^error:AT002[567]:/);
      assert.match(await raw.ask(updateLine(id, next)), /^error:AT0401-/, "it cannot log in to ask");
    }
    await alice.ask(approveLine(pending));
    await alice.ask(line("unrevoke", revoked));
    const raw = await guest(t, sandbox, "@alice");
    for (const id of [pending, revoked])
      assert.deepEqual(await answers(world, raw, id, next, appKeys), [refused, success]);

    const own = await enrolled(t, world, { deviceName: "4", namespaces: { __manage: "rw" } });
    const leaving = await app(t, world, own);
    assert.match(await leaving.ask(line("revoke:force", own)), /"message":"Enrollment is revoked/);
    assert.match(await leaving.ask(updateLine(own, next)), /^error:AT0027:/);
    const short = await enrolled(t, world, { deviceName: "5", apkamKeysExpiryInMillis: 1_000 });
    const late = await app(t, world, short);
    time.now += 1_000;
    assert.match(await late.ask(updateLine(short, next)), /^error:AT0028:/);
  });

  test("a key that is somebody else's is refused, one's own again is none; metadata are merged", async (t) => {
    const world = await startWorld(t, { behaviour: defaultBehaviour });
    const [mine, others, next] = [await newLoginPair(), await newLoginPair(), await newLoginPair()];
    const id = await enrolled(t, world, {
      deviceName: "1",
      apkamPublicKey: mine.publicKey,
      metadata: { a: 1, b: 1 },
    });
    await enrolled(t, world, { deviceName: "2", apkamPublicKey: others.publicKey });
    const own = await guest(t, world.sandbox, "@alice");
    await login(own, id, mine);
    assert.match(await own.ask(updateLine(id, others)), /^error:AT0032-/);
    for (let i = 0; i < 2; i++) assert.match(await own.ask(updateLine(id, next)), /"status":"approved"/);
    const stranger = { deviceName: "3", apkamPublicKey: mine.publicKey };
    await enrolled(t, world, stranger); // the key that was given up is free
    const metadata = (more: unknown) =>
      own.ask(`enroll:update:${JSON.stringify({ enrollmentId: id, metadata: more })}`);
    assert.match(await metadata({ b: 2, c: 3 }), /"status":"approved"/);
    assert.deepEqual(dataOf(await world.alice.ask(line("fetch", id)))["metadata"], { a: 1, b: 2, c: 3 });
    assert.match(await metadata({ d: "x".repeat(40_000) }), /^error:AT0022-/);
    assert.match(await metadata({ d: "x".repeat(20_000) }), /"status":"approved"/);
    assert.match(await metadata({ e: "x".repeat(20_000) }), /^error:AT0022-.*metadata/);
    const { metadata: kept } = JSON.parse(await all(world.alice, line("fetch", id))) as { metadata: object };
    assert.deepEqual(Object.keys(kept), ["a", "b", "c", "d"]);
  });
});
