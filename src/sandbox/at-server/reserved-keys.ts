/** The PKAM public key of an atSign. */
export const pkamKey = "privatekey:at_pkam_publickey";
/** The activation secret, until it is deleted. */
export const secretKey = "privatekey:at_secret";
/** Set when the activation secret was deleted, so that none is made again. */
export const secretDeletedKey = "privatekey:at_secret_deleted";

/** The protected name in a key that only its atSign's server may delete, with its owner; undefined for all others. */
export function findProtected(key: string, atSign: string): string | undefined {
  const name = key.slice(key.lastIndexOf(":") + 1);
  return ["publickey", "signing_publickey", "signing_privatekey"]
    .map((each) => `${each}${atSign}`)
    .find((each) => each === name);
}

/** True for keys outside the commit log: a change to them is answered with -1. */
export function isUnlogged(key: string): boolean {
  return /^(?:privatekey:|private:|local:|public:_(?!_))/.test(key);
}

/** True for keys that every client needs, whatever it filters: shared keys, and public keys outside all namespaces. */
export function isAlwaysSynced(key: string): boolean {
  return /(?:^|:)shared_key(?:\.[^.:@]+)?@/.test(key) || (key.startsWith("public:") && !key.includes("."));
}

/** The atSigns that may not connect, as a JSON array. */
export function blocklistKey(atSign: string): string {
  return `private:blocklist${atSign}`;
}

/** Set when an atServer's signing key pair was made. */
export const signingKeyPairFlag = "privatekey:signing_keypair_generated";

export function signingPublicKey(atSign: string): string {
  return `public:signing_publickey${atSign}`;
}

export function signingPrivateKey(atSign: string): string {
  return `${atSign}:signing_privatekey${atSign}`;
}
