/** The PKAM public key of an atSign. */
export const pkamKey = "privatekey:at_pkam_publickey";
/** The activation secret, until it is deleted. */
export const secretKey = "privatekey:at_secret";
/** Set when the activation secret was deleted, so that none is made again. */
export const secretDeletedKey = "privatekey:at_secret_deleted";

/** True for keys that only their atSign's server may delete. */
export function isProtected(key: string, atSign: string): boolean {
  return (
    key === `public:publickey${atSign}` ||
    key === signingPublicKey(atSign) ||
    key === signingPrivateKey(atSign)
  );
}

/** True for keys outside the commit log: a change to them is answered with -1. */
export function isUnlogged(key: string): boolean {
  return /^(?:privatekey:|private:|local:|public:_(?!_))/.test(key);
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
