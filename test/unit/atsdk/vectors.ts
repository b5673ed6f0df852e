import vectors from "../../fixtures/atprotocol/vectors.json" with { type: "json" };
import type { AtKeys } from "@atsign/atsdk";

export { vectors };

/** Keys of the fixture's two atSigns, so that no test waits for key generation. */
export const aliceKeys: AtKeys = {
  pkamPublicKey: vectors.keys.alicePkam.publicSpkiB64,
  pkamPrivateKey: vectors.keys.alicePkam.privatePkcs8B64,
  encryptionPublicKey: vectors.keys.aliceEncryption.publicSpkiB64,
  encryptionPrivateKey: vectors.keys.aliceEncryption.privatePkcs8B64,
  selfEncryptionKey: vectors.keys.aliceSelfEncryptionKeyB64,
};
export const bobKeys: AtKeys = {
  pkamPublicKey: vectors.keys.bobPkam.publicSpkiB64,
  pkamPrivateKey: vectors.keys.bobPkam.privatePkcs8B64,
  encryptionPublicKey: vectors.keys.bobEncryption.publicSpkiB64,
  encryptionPrivateKey: vectors.keys.bobEncryption.privatePkcs8B64,
  selfEncryptionKey: vectors.keys.bobSelfEncryptionKeyB64,
};
