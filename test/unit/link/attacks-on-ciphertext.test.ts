import assert from "node:assert/strict";
import { constants, createPublicKey, publicEncrypt, randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import { decryptAes, encryptAes } from "../../../src/atsdk/aes.ts";
import { rsaPrivateKey, unwrapAesKey, wrapAesKey, rsaPublicKey } from "../../../src/atsdk/rsa.ts";
import { type Arrival, copyOf } from "../../fakes/hostile-server.ts";
import {
  canary,
  eachInHostileWorld,
  type HostileSide,
  type HostileWorld,
  refusalOf,
} from "../../fakes/hostile-world.ts";
import { settle, until } from "../../fakes/manual-time.ts";

/**
 * The table of what the platform does not give (atProtocol specification 11.1), first part: each attack is carried out
 * by the atServers themselves, fails, and leaves a line in the journal.
 */

suite("hostile atServers and what is encrypted", () => {
  let world: HostileWorld;
  let bot: HostileSide;
  let supply: HostileSide;
  eachInHostileWorld((made) => ({ world, bot, supply } = made));

  /** Puts notifications on supply's server and waits until all were refused, without a word to the server. */
  async function refusedSilently(arrivals: readonly Arrival[]): Promise<void> {
    const { received, said, refused } = supply;
    const before = { received: received.length, said: said.length, refused: refused.length };
    arrivals.forEach((each) => world.tampering.deliver(each));
    await until(() => refused.length === before.refused + arrivals.length, "all refusals");
    await settle();
    assert.equal(received.length, before.received);
    const words = said.slice(before.said).filter((line) => !line.startsWith("noop"));
    assert.deepEqual(words, []);
  }

  function valueOf({ notification }: Arrival): Buffer {
    return Buffer.from(notification.value ?? "", "base64");
  }
  function flipped(arrival: Arrival, at: number, by: number): Arrival {
    const bytes = valueOf(arrival);
    bytes.writeUInt8(bytes.readUInt8(at) ^ by, at);
    return copyOf(arrival, { value: bytes.toString("base64") });
  }

  test("AES-CTR without MAC", async () => {
    const arrival = await world.genuine(bot, supply);
    // As it is known to begin with the version, 01, a server can make it any other: "AQAA" becomes "AgAA".
    await refusedSilently([flipped(arrival, 1, "Q".charCodeAt(0) ^ "g".charCodeAt(0))]);
    assert.equal(supply.refused.at(-1), "envelope-version");
    // All changes of one character of what is sealed: some are letters of base64 again, which only the seal notices.
    const sealed = valueOf(arrival).length - 60;
    await refusedSilently(Array.from({ length: 127 }, (_, index) => flipped(arrival, sealed, index + 1)));
    assert.equal((await refusalOf(supply, "envelope-altered")).kind, "alarm");
  });

  test("AES-CTR without MAC: a large value, altered where it lies", async () => {
    world.tampering.record = (_atSign, record) => {
      if (!/^@cs-supply:[0-9a-f]{32}-parcel\.main\.main\.countersign@cs-bot$/.test(record.key)) {
        return record;
      }
      const bytes = Buffer.from(record.value, "base64");
      bytes.writeUInt8(bytes.readUInt8(20_000) ^ 2, 20_000);
      return { ...record, value: bytes.toString("base64") };
    };
    // It also keeps back the notice that a value was written, which holds it as it was.
    world.tampering.arrive = (arrival) => (valueOf(arrival).length > 30_000 ? [] : [arrival]);
    await world.send(bot, "large", { text: canary.repeat(2_000) });
    await until(() => supply.refused.length === 1, "the refusal");
    assert.match(supply.refused[0] ?? "", /^envelope-(altered|malformed)$/);
    assert.equal(supply.received.length, 0);
    await refusalOf(supply, supply.refused[0] ?? "");
  });

  test("zero IV legacy", async () => {
    const arrivals = [
      await world.genuine(bot, supply),
      await world.genuine(bot, supply),
      await world.genuine(bot, supply),
    ];
    const ivs = arrivals.map(({ notification }) => notification.change.ivNonce ?? "");
    assert.equal(new Set(ivs).size, 3);
    assert.ok(ivs.every((iv) => Buffer.from(iv, "base64").some((byte) => byte !== 0)));
    // Under one key stream the known beginnings would cancel each other out.
    const [one, two] = arrivals.map((each) => valueOf(each).subarray(0, 4));
    assert.notDeepEqual(one, two);
    const { ivNonce: _ivNonce, ...change } = arrivals[0]?.notification.change ?? {};
    await refusedSilently([copyOf(arrivals[0] ?? assert.fail(), { change })]);
    await refusalOf(supply, "decrypt-failed");
  });

  test("PKCS7 on CTR", async () => {
    const arrival = await world.genuine(bot, supply);
    const bytes = valueOf(arrival);
    // Every last byte: one other than the true one may be a padding too, and none is told apart.
    await refusedSilently(
      Array.from({ length: 255 }, (_, index) => flipped(arrival, bytes.length - 1, index + 1)),
    );
    await refusalOf(supply, "decrypt-failed");
  });

  test("RSAES-PKCS1-v1_5", async () => {
    const arrival = await world.genuine(bot, supply);
    const { change } = arrival.notification;
    const key = createPublicKey({
      key: Buffer.from(world.atKeys.supply.encryptionPublicKey, "base64"),
      format: "der",
      type: "spki",
    });
    const raw = (block: Buffer): Buffer => publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, block);
    const wrapped = Buffer.from(change.sharedKeyEnc ?? "", "base64");
    const conforming = Buffer.concat([Buffer.from([0, 2]), Buffer.alloc(208, 1), Buffer.alloc(46, 0)]);
    const probes = [
      raw(conforming),
      raw(Buffer.concat([Buffer.from([0, 1]), conforming.subarray(2)])),
      raw(Buffer.concat([Buffer.from([0, 2]), Buffer.alloc(254, 7)])),
      publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from("short")),
      publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.alloc(44, "!")),
      Buffer.alloc(256, 0xff),
      Buffer.alloc(256),
      wrapped.subarray(1),
      ...Array.from({ length: 20 }, () => randomBytes(256)),
    ];
    await refusedSilently(
      probes.map((each) => copyOf(arrival, { change: { ...change, sharedKeyEnc: each.toString("base64") } })),
    );
    await refusalOf(supply, "decrypt-failed");
  });

  test("public keys come from servers", async () => {
    await world.genuine(bot, supply);
    bot = await world.side("bot", bot.memory);
    const stranger = world.atKeys.credit;
    world.tampering.record = (_atSign, record) =>
      record.key === "public:publickey@cs-supply"
        ? { ...record, value: stranger.encryptionPublicKey }
        : record;
    const arrival = await world.sent(bot);
    // The servers have given the bot their own key, and so read what atProtocol encrypts …
    const wrapped = arrival.notification.change.sharedKeyEnc ?? "";
    const shared = unwrapAesKey(wrapped, rsaPrivateKey(stranger.encryptionPrivateKey));
    const text = decryptAes(
      arrival.notification.value ?? "",
      shared,
      arrival.notification.change.ivNonce ?? undefined,
    );
    // … and find a container that is sealed for keys they did not hand out.
    const container = Buffer.from(text, "base64");
    assert.equal(container[0], 1);
    assert.ok(!container.includes(canary));
    await refusalOf(bot, "peer-key-changed");
    await refusalOf(supply, "decrypt-failed");
    // Passed on under the right key, what they altered does not get further.
    container.writeUInt8((container.at(-1) ?? 0) ^ 1, container.length - 1);
    const ownPublicKey = world.atKeys.supply.encryptionPublicKey;
    const { ivNonce } = arrival.notification.change;
    await refusedSilently([
      copyOf(arrival, {
        value: encryptAes(container.toString("base64"), shared, ivNonce ?? undefined),
        change: { ivNonce: ivNonce ?? "", sharedKeyEnc: wrapAesKey(shared, rsaPublicKey(ownPublicKey)) },
      }),
    ]);
    assert.equal((await refusalOf(supply, "envelope-altered")).kind, "alarm");
  });
});
