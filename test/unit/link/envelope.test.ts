import assert from "node:assert/strict";
import { createDecipheriv, createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { diffieHellman, hkdfSync, randomBytes, verify } from "node:crypto";
import { test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import { canonicalJson } from "../../../src/canonical.ts";
import type { Json } from "../../../src/domain.ts";
import type { EnvelopeKind } from "../../../src/link-types.ts";
import { AppError } from "../../../src/errors.ts";
import {
  maxContainerBytes,
  open,
  type OpenOptions,
  seal,
  type SealOptions,
} from "../../../src/link/envelope.ts";
import { decodeHeader } from "../../../src/link/envelope-header.ts";
import { fixedInstance } from "../../fakes/fixed-keys.ts";
import fixture from "../../fixtures/envelope/vectors.json" with { type: "json" };

const instances = {
  bot: fixedInstance({ ...fixture.instances.bot, atSign: "@cs-bot", serials: [1, 1] }),
  supply: fixedInstance({ ...fixture.instances.supply, atSign: "@cs-supply", serials: [2, 3] }),
  other: fixedInstance({
    ...fixture.instances.supply,
    atSign: "@cs-other",
    serials: [1, 1],
    ed25519Seed: "05".repeat(32),
    x25519Seed: "06".repeat(32),
  }),
};
const now = Date.parse("2026-01-05T10:01:00.000Z");
const peers = Object.values(instances).map((each) => each.granted);
const peer: OpenOptions["peer"] = (atSign, instance) => {
  const found = peers.find((each) => each.atSign === atSign && each.instance === instance);
  if (found === undefined) {
    throw new AppError("no-grant", "no grant");
  }
  return found;
};
const subject = { run: "run1", revision: 1, step: "offers", attempt: 1 };

function sealed(change: Partial<SealOptions> = {}): Buffer {
  return seal({
    from: instances.bot.own,
    to: instances.supply.granted,
    kind: "request",
    subject,
    sequence: null,
    fencing: 1,
    trace: null,
    issuedAt: now,
    expiresAt: now + 60_000,
    body: { skill: "request-offers", input: { text: "a secret word" } },
    random: randomBytes,
    ...change,
  }).bytes;
}
function opened(bytes: Buffer, change: Partial<OpenOptions> = {}): ReturnType<typeof open> {
  return open({ bytes, from: "@cs-bot", me: instances.supply.own, peer, now, ...change });
}

for (const vector of fixture.vectors) {
  test(`vector: ${vector.name}`, () => {
    const from = instances[vector.from as "bot"];
    const to = instances[vector.to as "supply"];
    const made = seal({
      ...vector,
      kind: vector.kind as EnvelopeKind,
      body: vector.body,
      from: from.own,
      to: to.granted,
      random: () => Buffer.from(vector.messageId + vector.nonce, "hex"),
    });
    assert.equal(made.bytes.toString("base64"), vector.container);
    assert.equal(made.hash, vector.hash);
    const message = opened(Buffer.from(vector.container, "base64"), { from: from.own.atSign, me: to.own });
    assert.deepEqual(message, {
      from: { atSign: from.own.atSign, instance: "main", role: from.granted.role },
      kind: vector.kind,
      subject: vector.subject,
      sequence: vector.sequence,
      fencing: vector.fencing,
      messageId: vector.messageId,
      hash: vector.hash,
      body: vector.body,
      expiresAt: vector.expiresAt,
    });
  });
}

test("the layout is the documented one, read here with nothing but node:crypto", () => {
  const vector = fixture.vectors[0];
  assert.ok(vector);
  const bytes = Buffer.from(vector.container, "base64");
  assert.equal(bytes[0], 1);
  const headerEnd = 5 + bytes.readUInt32BE(1);
  const header = bytes.subarray(5, headerEnd);
  const key = (prefix: string, seed: string) =>
    createPrivateKey({ key: Buffer.from(prefix + seed, "hex"), format: "der", type: "pkcs8" });
  const secret = diffieHellman({
    privateKey: key("302e020100300506032b656e04220420", fixture.instances.supply.x25519Seed),
    publicKey: createPublicKey(key("302e020100300506032b656e04220420", fixture.instances.bot.x25519Seed)),
  });
  const info = "countersign/envelope/1\n@cs-bot\nmain\n@cs-supply\nmain";
  const aes = hkdfSync("sha256", secret, Buffer.from(vector.messageId, "hex"), info, 32);
  const decipher = createDecipheriv(
    "aes-256-gcm",
    Buffer.from(aes),
    bytes.subarray(headerEnd, headerEnd + 12),
  );
  decipher.setAAD(header);
  decipher.setAuthTag(bytes.subarray(-16));
  const plain = Buffer.concat([decipher.update(bytes.subarray(headerEnd + 12, -16)), decipher.final()]);
  const signed = Buffer.concat([createHash("sha256").update(header).digest(), plain.subarray(64)]);
  const signer = createPublicKey(key("302e020100300506032b657004220420", fixture.instances.bot.ed25519Seed));
  assert.ok(verify(null, signed, signer, plain.subarray(0, 64)));
  assert.deepEqual(JSON.parse(plain.subarray(64).toString("utf8")), vector.body);
});

test("a header that says the same in another way is refused", () => {
  const bytes = sealed();
  const text = bytes.toString("utf8", 5, 5 + bytes.readUInt32BE(1));
  const header = JSON.parse(text) as object;
  assert.deepEqual(decodeHeader(Buffer.from(text)), header);
  const reversed = Object.fromEntries(Object.entries(header).toReversed());
  for (const other of [JSON.stringify(reversed), JSON.stringify(header, null, 1), text.replace("1", "1.0")])
    assert.throws(() => decodeHeader(Buffer.from(other)), { code: "envelope-malformed" });
});

test("any body of any kind comes back as it was, and no word of it is in the container", () => {
  const kinds = fc.constantFrom<EnvelopeKind>(
    "request",
    "progress",
    "chunk",
    "result",
    "error",
    "cancel",
    "ack",
  );
  fc.assert(
    fc.property(fc.jsonValue(), kinds, fc.nat(9), fc.nat(9), (value, kind, revision, attempt) => {
      // JSON has no -0.
      const body = JSON.parse(JSON.stringify(value)) as Json;
      const bytes = sealed({ body, kind, subject: { ...subject, revision, attempt } });
      const header = bytes.toString("utf8", 5, 5 + bytes.readUInt32BE(1));
      assert.equal(header, canonicalJson(JSON.parse(header)));
      const message = opened(bytes);
      assert.deepEqual(message.body, body);
      assert.equal(message.kind, kind);
      assert.deepEqual(message.subject, { ...subject, revision, attempt });
    }),
    { numRuns: 100 },
  );
  assert.ok(!sealed().includes("secret"));
});

test("every changed byte, every cut and every addition is refused", () => {
  for (const kind of ["request", "ack"] as const) {
    const bytes = sealed({ kind, body: { n: 1 } });
    for (let index = 0; index < bytes.length; index += 1) {
      for (const flip of [1, 0x80]) {
        const altered = Buffer.from(bytes);
        altered.writeUInt8((altered[index] ?? 0) ^ flip, index);
        assert.throws(() => opened(altered), { name: "AppError" }, `${kind} byte ${index}`);
      }
      assert.throws(() => opened(bytes.subarray(0, index)), { name: "AppError" });
    }
    assert.throws(() => opened(Buffer.concat([bytes, Buffer.alloc(1)])), { code: "envelope-altered" });
  }
});

test("random bytes never crash the reader", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(300), (noise, length) => {
      const prefix = Buffer.alloc(5);
      prefix.writeUInt8(1, 0);
      prefix.writeUInt32BE(length, 1);
      assert.throws(() => opened(Buffer.from(noise)), { name: "AppError" });
      assert.throws(() => opened(Buffer.concat([prefix, noise])), { name: "AppError" });
    }),
  );
});

test("wrong sender, recipient, instance, keys, grants and times are refused by code", () => {
  assert.equal(opened(sealed()).from.role, "bot");
  assert.throws(() => opened(sealed(), { from: "@cs-other" }), { code: "envelope-sender" });
  assert.throws(() => opened(sealed({ to: instances.other.granted })), { code: "envelope-recipient" });
  assert.throws(() => opened(sealed(), { me: { ...instances.supply.own, instance: "two" } }), {
    code: "envelope-recipient",
  });
  const unknown = { ...instances.bot.own, instance: "unknown" };
  assert.throws(() => opened(sealed({ from: unknown })), { code: "no-grant" });
  assert.throws(() => opened(sealed({ from: { ...instances.bot.own, serials: [1, 2] } })), {
    code: "envelope-serials",
    retryable: true,
  });
  assert.throws(
    () => opened(sealed({ from: { ...instances.bot.own, x25519: instances.other.own.x25519 } })),
    {
      code: "envelope-altered",
    },
  );
  assert.throws(
    () => opened(sealed({ from: { ...instances.bot.own, ed25519: instances.other.own.ed25519 } })),
    {
      code: "envelope-signature",
    },
  );
  assert.throws(() => opened(sealed(), { now: now + 60_000 }), { code: "envelope-expired" });
  opened(sealed(), { now: now + 59_999 });
  assert.throws(() => opened(sealed(), { now: now - 300_001 }), { code: "envelope-from-future" });
});

test("an envelope readdressed to somebody else by its reader is refused", () => {
  // Supply opens what the bot sent and wants other to believe that the bot sent it there.
  const { atSign, serials } = instances.bot.own;
  const forged = sealed({
    from: { ...instances.supply.own, atSign, serials },
    to: instances.other.granted,
  });
  assert.throws(() => opened(forged, { me: instances.other.own }), { code: "envelope-altered" });
  // A party of the pair can seal for the pair, but not sign as the other.
  const reflected = sealed({
    from: { ...instances.bot.own, ed25519: instances.supply.own.ed25519 },
  });
  assert.throws(() => opened(reflected), { code: "envelope-signature" });
});

test("sizes and names have limits on both sides", () => {
  assert.throws(() => sealed({ body: "x".repeat(maxContainerBytes) }), { code: "envelope-too-large" });
  assert.throws(() => opened(Buffer.alloc(maxContainerBytes + 1, 1)), { code: "envelope-size" });
  assert.throws(() => sealed({ subject: { ...subject, step: "a\nb" } }), { code: "bad-envelope" });
  assert.throws(() => sealed({ subject: { ...subject, run: "r".repeat(101) } }), { code: "bad-envelope" });
});

test("two sendings of the same message share neither id, key, nonce nor hash", () => {
  const one = opened(sealed());
  const two = opened(sealed());
  assert.notEqual(one.messageId, two.messageId);
  assert.notEqual(one.hash, two.hash);
  assert.deepEqual(one.body, two.body);
});
