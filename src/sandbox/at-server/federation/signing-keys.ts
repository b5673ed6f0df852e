import { constants, createPrivateKey, createPublicKey, generateKeyPair, sign, verify } from "node:crypto";
import { promisify } from "node:util";
import type { AtServer } from "../at-server.ts";
import { signingKeyPairFlag, signingPrivateKey, signingPublicKey } from "../reserved-keys.ts";

const makePair = promisify(generateKeyPair);

/** The key pair by which an atServer proves to others whose server it is. Made once, at the first start. */
export class SigningKeys {
  readonly #server: AtServer;
  #made: Promise<void> | undefined;
  #isReady = false;

  constructor(server: AtServer) {
    this.#server = server;
  }

  get isReady(): boolean {
    return (this.#isReady ||= this.#server.record(signingKeyPairFlag) !== undefined);
  }

  /** Makes the pair when there is none yet; again where that failed (a full disk). */
  ready(): Promise<void> {
    this.#made ??= this.isReady ? Promise.resolve() : this.#make();
    this.#made.catch(() => (this.#made = undefined));
    return this.#made;
  }

  async #make(): Promise<void> {
    const pair = await makePair("rsa", { modulusLength: 2048 });
    const server = this.#server;
    if (server.store.isClosed) return;
    const values = [
      [signingPublicKey(server.atSign), pair.publicKey.export({ type: "spki", format: "der" })],
      [signingPrivateKey(server.atSign), pair.privateKey.export({ type: "pkcs8", format: "der" })],
    ] as const;
    server.store.transaction(() => {
      for (const [key, der] of values) server.putRecord(key, der.toString("base64"), {}, { log: false });
      server.putRecord(signingKeyPairFlag, "true", {});
    });
  }

  /** RSA SHA-256 PKCS#1 v1.5, base64. */
  async sign(text: string): Promise<string> {
    await this.ready();
    const der = this.#server.record(signingPrivateKey(this.#server.atSign))?.value ?? "";
    const key = createPrivateKey({ key: Buffer.from(der, "base64"), format: "der", type: "pkcs8" });
    return sign("sha256", Buffer.from(text), { key, padding: constants.RSA_PKCS1_PADDING }).toString(
      "base64",
    );
  }
}

/** True when `signature` over `text` was made with the key pair that `publicKey` (base64 SPKI) belongs to. */
export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
    return (
      key.asymmetricKeyType === "rsa" &&
      verify(
        "sha256",
        Buffer.from(text),
        { key, padding: constants.RSA_PKCS1_PADDING },
        Buffer.from(signature, "base64"),
      )
    );
  } catch {
    return false; // no key at all
  }
}
