import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { AtSign } from "../../../src/domain.ts";
import { envelopeKey, sharedSecret } from "../../../src/link/envelope-key.ts";
import { ReadySendings } from "../../../src/link/ready-sendings.ts";
import { fixedInstance } from "../../fakes/fixed-keys.ts";

const instance = (atSign: AtSign, name: string, seed: string) =>
  fixedInstance({
    atSign,
    instance: name,
    role: "agent",
    serials: [1, 1],
    ed25519Seed: seed.repeat(32),
    x25519Seed: seed.repeat(32),
  });
const bot = instance("@cs-bot", "main", "01");
const supply = instance("@cs-supply", "main", "02");

/** Ready sendings that count what they draw. */
function counted() {
  const drawn = { count: 0 };
  const ready = new ReadySendings(bot.own, (bytes) => {
    drawn.count += 1;
    return randomBytes(bytes);
  });
  return { ready, drawn };
}

test("after the first, a sending is there before it is asked for", async () => {
  const { ready, drawn } = counted();
  const first = ready.take(supply.granted);
  assert.equal(drawn.count, 1);
  await nextTurn();
  assert.equal(drawn.count, 2);
  const second = ready.take(supply.granted);
  assert.equal(drawn.count, 2, "it was made before");
  assert.notEqual(second.messageId, first.messageId);
  const secret = sharedSecret(bot.own.x25519, supply.granted.x25519);
  const key = envelopeKey(secret, second.messageId, { from: bot.own, to: supply.granted });
  assert.ok(key.equals(second.key));
});

test("none is given twice, however many are asked for in one turn", async () => {
  const { ready, drawn } = counted();
  ready.take(supply.granted);
  await nextTurn();
  const taken = Array.from({ length: 5 }, () => ready.take(supply.granted));
  await nextTurn();
  taken.push(ready.take(supply.granted));
  assert.equal(new Set(taken.map(({ messageId }) => messageId)).size, taken.length);
  assert.equal(new Set(taken.map(({ nonce }) => nonce.toString("hex"))).size, taken.length);
  assert.equal(drawn.count, 1 + 1 + 4 + 1, "and one is made ready for all of a turn");
});

test("one is for its recipient alone, and for the key that one has", async () => {
  const { ready } = counted();
  const other = instance("@cs-supply", "second", "03");
  const renewed = instance("@cs-supply", "main", "04");
  for (const { granted } of [supply, other]) {
    ready.take(granted);
  }
  await nextTurn();
  for (const { granted } of [other, renewed]) {
    const { messageId, key } = ready.take(granted);
    const secret = sharedSecret(bot.own.x25519, granted.x25519);
    assert.ok(key.equals(envelopeKey(secret, messageId, { from: bot.own, to: granted })));
  }
});
