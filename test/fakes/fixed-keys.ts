import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { AtSign } from "../../src/domain.ts";
import type { InstanceKeyPairs } from "../../src/keys.ts";
import type { InstanceKeys } from "../../src/trust/trust-store.ts";

const ed25519Prefix = "302e020100300506032b657004220420";
const x25519Prefix = "302e020100300506032b656e04220420";

/** An instance whose keys are made of fixed seeds (32 bytes, hex): for vectors. */
export function fixedInstance(o: {
  readonly atSign: AtSign;
  readonly instance: string;
  readonly role: string;
  readonly ed25519Seed: string;
  readonly x25519Seed: string;
  readonly serials: readonly [number, number];
}): { readonly own: InstanceKeyPairs & Pick<InstanceKeys, "serials">; readonly granted: InstanceKeys } {
  const { atSign, instance, role, serials } = o;
  const ed25519 = privateKey(ed25519Prefix + o.ed25519Seed);
  const x25519 = privateKey(x25519Prefix + o.x25519Seed);
  return {
    own: { atSign, instance, ed25519, x25519, serials },
    granted: {
      atSign,
      instance,
      role,
      serials,
      skills: [],
      ed25519: createPublicKey(ed25519),
      x25519: createPublicKey(x25519),
    },
  };
}

function privateKey(pkcs8: string): KeyObject {
  return createPrivateKey({ key: Buffer.from(pkcs8, "hex"), format: "der", type: "pkcs8" });
}
