import { createSecretKey, diffieHellman, hkdfSync, type KeyObject } from "node:crypto";
import type { AgentAddress } from "../domain.ts";
import type { InstanceKeyPairs } from "../keys.ts";
import type { InstanceKeys } from "../trust/trust-store.ts";

const idBytes = 16;
const nonceBytes = 12;

/** What a sending needs that does not depend on what is sent. It is good for one message. */
export interface ReadySending {
  /** 16 random bytes in hex. */
  readonly messageId: string;
  readonly nonce: Buffer;
  readonly key: KeyObject;
}

/** Draws message id and nonce, and derives the key. */
export function makeReady(o: {
  readonly from: InstanceKeyPairs;
  readonly to: InstanceKeys;
  readonly random: (bytes: number) => Buffer;
}): ReadySending {
  const drawn = o.random(idBytes + nonceBytes);
  const messageId = drawn.toString("hex", 0, idBytes);
  const secret = sharedSecret(o.from.x25519, o.to.x25519);
  return { messageId, nonce: drawn.subarray(idBytes), key: envelopeKey(secret, messageId, o) };
}

/** The AES-256 key of one message: HKDF-SHA-256 with the message id (hex) as salt. */
export function envelopeKey(
  secret: KeyObject,
  messageId: string,
  { from, to }: { readonly from: AgentAddress; readonly to: AgentAddress },
): KeyObject {
  const info = ["countersign/envelope/1", from.atSign, from.instance, to.atSign, to.instance].join("\n");
  const key = hkdfSync("sha256", secret, Buffer.from(messageId, "hex"), info, 32);
  return createSecretKey(Buffer.from(key));
}

// X25519 is the dearest part of a key, and the same for all messages of two instances: kept as long as their keys are.
const secrets = new WeakMap<KeyObject, WeakMap<KeyObject, KeyObject>>();

/** X25519 of our private and a peer's public key. */
export function sharedSecret(privateKey: KeyObject, publicKey: KeyObject): KeyObject {
  const known = secrets.get(privateKey)?.get(publicKey);
  if (known !== undefined) {
    return known;
  }
  const secret = createSecretKey(diffieHellman({ privateKey, publicKey }));
  const ofKey = secrets.get(privateKey) ?? new WeakMap<KeyObject, KeyObject>();
  secrets.set(privateKey, ofKey.set(publicKey, secret));
  return secret;
}
