import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import { encryptAes, newAesKey, newIv } from "../../../src/atsdk/aes.ts";
import { hexDigest, rsaPublicKey, wrapAesKey } from "../../../src/atsdk/rsa.ts";
import { type InstanceKeyPairs, makeInstanceKeys } from "../../../src/keys.ts";
import { open } from "../../../src/link/envelope.ts";
import { type Arrival, copyOf } from "../../fakes/hostile-server.ts";
import {
  canary,
  eachInHostileWorld,
  type HostileSide,
  type HostileWorld,
  refusalOf,
} from "../../fakes/hostile-world.ts";
import { until } from "../../fakes/manual-time.ts";
import { Traces } from "../../e2e/traces.ts";

/**
 * The table of what the platform does not give (atProtocol specification 11.1), second part: each attack is carried
 * out by the atServers, or by somebody with access to them, fails, and leaves a line in the journal of whom it reached.
 */

suite("hostile atServers and who says what", () => {
  let world: HostileWorld;
  let bot: HostileSide;
  let supply: HostileSide;
  eachInHostileWorld((made) => ({ world, bot, supply } = made));

  /** A container for supply in the bot's name, by somebody with these keys. */
  const forged = (keys: InstanceKeyPairs) => world.sealed(keys, "supply", "forged");

  /** The container, encrypted for supply with a key of the forger's choice, in the form of the notification given. */
  function wrapped(arrival: Arrival, container: string): Arrival {
    const key = newAesKey();
    const ivNonce = newIv();
    const publicKey = world.atKeys.supply.encryptionPublicKey;
    const sharedKeyEnc = wrapAesKey(key, rsaPublicKey(publicKey));
    const pubKeyCS = hexDigest(publicKey, "md5");
    return copyOf(arrival, {
      value: encryptAes(container, key, ivNonce),
      change: { sharedKeyEnc, pubKeyCS, ivNonce },
    });
  }

  test("shared key authenticity", async () => {
    const arrival = await world.genuine(bot, supply);
    const claimed = makeInstanceKeys({ atSign: "@cs-bot", instance: "main" });
    world.tampering.deliver(wrapped(arrival, forged(claimed)));
    assert.equal((await refusalOf(supply, "envelope-altered")).kind, "alarm");
    assert.equal(supply.received.length, 1);
  });

  test("from in notifications", async () => {
    const arrival = await world.genuine(bot, supply);
    // An agent of the company seals with its own good keys, and the servers say that it was the bot.
    world.tampering.deliver(wrapped(arrival, forged(world.trust.keys("credit"))));
    assert.equal((await refusalOf(supply, "envelope-sender")).kind, "alarm");
    // What the bot did send is said to come from that agent, or from a stranger.
    world.tampering.deliver({ ...copyOf(arrival), from: "@cs-credit" });
    await until(() => supply.refused.filter((code) => code === "envelope-sender").length === 2, "the second");
    world.tampering.deliver({ ...copyOf(arrival), from: "@stranger" });
    await refusalOf(supply, "no-grant");
    assert.equal(supply.received.length, 1);
  });

  test("from in notifications: what was sealed for another is passed on to us", async () => {
    const arrival = await world.genuine(bot, supply);
    const container = world.sealed(world.trust.keys("bot"), "credit", "other");
    world.tampering.deliver(wrapped(arrival, container));
    await refusalOf(supply, "envelope-recipient");
    assert.equal(supply.received.length, 1);
  });

  test("replay", async () => {
    const arrival = await world.genuine(bot, supply);
    // In time it is recognised by its subject, whatever its id: the host's inbox keeps it from a second effect.
    world.tampering.deliver(copyOf(arrival));
    await until(() => supply.received.length === 2, "the repetition");
    const [first, second] = supply.received;
    assert.deepEqual([second?.subject, second?.messageId], [first?.subject, first?.messageId]);
    world.aheadMs = 61_000;
    world.tampering.deliver(copyOf(arrival));
    await refusalOf(supply, "envelope-expired");
    assert.equal(supply.received.length, 2);
  });

  test("metadata", async () => {
    const arrivals = [
      await world.genuine(bot, supply, "canarystep"),
      await world.genuine(bot, supply, "canarystep2"),
    ];
    await world.send(bot, "canarystep3", { text: canary.repeat(2_000) });
    await until(() => supply.received.length === 3, "the large one");
    for (const { notification } of arrivals) {
      assert.match(notification.id, /^[0-9a-f]{32}$/);
      assert.equal(notification.key, `@cs-supply:${notification.id}.main.main.countersign@cs-bot`);
    }
    // What the servers have stored, passed on and been told, and what went over the wire.
    const words = new Traces([canary, "canarystep", "run1", "attempt"]);
    const told = Buffer.from(JSON.stringify([world.tampering.everything(), bot.said, supply.said]));
    assert.ok(told.length > 200_000);
    assert.deepEqual(words.in(told, "servers"), []);
    const wire = Buffer.concat(world.wire);
    assert.ok(wire.length > 200_000);
    assert.deepEqual(words.in(wire, "wire"), []);
    // Names of atSigns and keys are for the servers alone to see.
    assert.deepEqual(new Traces(["@cs-supply:", ".countersign@"]).in(wire, "wire"), []);
  });

  test("metadata: what a server chooses of it", async () => {
    const arrival = await world.genuine(bot, supply);
    // A time far ahead, so that supply would skip all that comes before it when it starts again.
    world.tampering.aheadMs = 3_600_000;
    world.tampering.deliver(copyOf(arrival));
    world.tampering.aheadMs = 0;
    await refusalOf(supply, "bad-time");
    // Another recipient, who alone could be told by this one's server that it is for him.
    world.tampering.deliver(copyOf(arrival, { recipient: "@cs-credit" }));
    assert.equal((await refusalOf(supply, "misaddressed")).kind, "alarm");
    await world.genuine(bot, supply);
  });

  test("every enrollment holds the global encryption private key", async () => {
    // Somebody with all of supply's atProtocol keys reads along, and finds a container that is not for him.
    const other = await world.client("supply");
    const stopping = new AbortController();
    const read: string[] = [];
    const reading = (async () => {
      for await (const { value } of other.notifications({ since: 0, signal: stopping.signal })) {
        read.push(value ?? "");
      }
    })();
    const arrival = await world.genuine(bot, supply);
    await until(() => read.length > 0, "what another enrollment reads");
    stopping.abort();
    await reading;
    await other.close();
    const container = Buffer.from(read[0] ?? "", "base64");
    assert.ok(!container.includes(canary));
    const me = makeInstanceKeys({ atSign: "@cs-supply", instance: "main" });
    const sender = { ...world.trust.keys("bot"), role: "bot", skills: [], serials: [1, 1] } as const;
    assert.throws(
      () => open({ bytes: container, from: "@cs-bot", me, peer: () => sender, now: Date.now() }),
      { code: "envelope-altered" },
    );
    // With all of the bot's atProtocol keys he speaks as the bot, and is not believed.
    const client = await world.client("bot");
    const id = randomBytes(16).toString("hex");
    const value = forged(makeInstanceKeys({ atSign: "@cs-bot", instance: "main" }));
    await client.notify({
      to: "@cs-supply",
      name: `${id}.main.main`,
      namespace: "countersign",
      value,
      ttlMs: 60_000,
    });
    assert.equal((await refusalOf(supply, "envelope-altered")).kind, "alarm");
    await client.close();
    assert.equal(supply.received.length, 1);
    assert.ok(arrival.notification.value);
  });

  test("pubKeyCS is MD5: a key of the same check-sum is still another key", async () => {
    const arrival = await world.genuine(bot, supply);
    const { change } = arrival.notification;
    assert.ok(change.pubKeyCS !== undefined && change.pubKeyHash !== undefined);
    // The check-sum fits, as after a collision; the SHA-512 hash is what counts.
    const pubKeyHash = hexDigest(world.atKeys.credit.encryptionPublicKey, "sha512");
    world.tampering.deliver(copyOf(arrival, { change: { ...change, pubKeyHash } }));
    await refusalOf(supply, "decrypt-failed");
    assert.equal(supply.received.length, 1);
  });

  test("ids are client-chosen: nobody takes another's id away", async () => {
    await world.genuine(bot, supply);
    let taken = "";
    // Before the bot's message arrives, another sender uses its id.
    world.tampering.arrive = (arrival) => {
      world.tampering.arrive = (each) => [each];
      taken = arrival.notification.id;
      world.tampering.deliver({ ...arrival, from: "@cs-credit" });
      return [arrival];
    };
    await world.send(bot, "wanted");
    await until(() => supply.received.length === 2, "the message whose id was taken");
    assert.equal(supply.received[1]?.messageId, taken);
    await refusalOf(supply, "envelope-sender");
  });
});
