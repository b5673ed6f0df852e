import { createPrivateKey, generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
import { AtError } from "./at-error.ts";
import type { LoginAlgorithm } from "./codec/enrollment.ts";
import { newRsaPair, signRsa } from "./rsa.ts";

const mlDsaKeyBytes = 1952;

/**
 * A new pair to log in with: the public key as atServers know it (base64 SPKI of RSA, hexadecimal point of P-256, base64
 * of the bare ML-DSA key), the private one base64 PKCS#8. Throws `no-ml-dsa` on a Node.js without ML-DSA.
 */
export async function newLoginPair(
  algorithm: LoginAlgorithm = "rsa2048",
): Promise<{ publicKey: string; privateKey: string }> {
  if (algorithm === "rsa2048") return newRsaPair();
  const { publicKey, privateKey } =
    algorithm === "mldsa65" ? await mlDsaPair() : await generate("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  return {
    // Both end in the bare key.
    publicKey:
      algorithm === "mldsa65"
        ? spki.subarray(-mlDsaKeyBytes).toString("base64")
        : spki.subarray(-65).toString("hex"),
    privateKey: privateKey.export({ type: "pkcs8", format: "der" }).toString("base64"),
  };
}

const generate = promisify(generateKeyPair);

async function mlDsaPair(): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  try {
    return await generate("ml-dsa-65");
  } catch (cause) {
    throw new AtError("no-ml-dsa", "This Node.js has no ML-DSA: it needs 24.6 or newer.", { cause });
  }
}

/** Reads a private login key (base64 PKCS#8). Throws `invalid-value` for one of no known algorithm. */
export function loginKey(pkcs8Base64: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey({ key: Buffer.from(pkcs8Base64, "base64"), format: "der", type: "pkcs8" });
  } catch {
    // reported below like a key of another algorithm
  }
  if (!key || !algorithmOf(key))
    throw new AtError(
      "invalid-value",
      "The login key is no RSA-2048, P-256 or ML-DSA-65 key in base64 PKCS#8.",
    );
  return key;
}

/** The algorithm of a key that `loginKey` read. */
export function loginAlgorithm(key: KeyObject): LoginAlgorithm {
  const algorithm = algorithmOf(key);
  if (!algorithm) throw new AtError("invalid-value", "The login key is of no known algorithm.");
  return algorithm;
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): LoginAlgorithm | undefined {
  if (asymmetricKeyType === "rsa" && asymmetricKeyDetails?.modulusLength === 2048) return "rsa2048";
  if (asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1") return "ecc_secp256r1";
  return asymmetricKeyType === "ml-dsa-65" ? "mldsa65" : undefined;
}

/** Signs text with a login key, base64: RSA and P-256 over SHA-256, P-256 as the hexadecimal digits of r and s. */
export function signLogin(text: string, key: KeyObject): string {
  switch (loginAlgorithm(key)) {
    case "rsa2048":
      return signRsa(text, key);
    case "ecc_secp256r1": {
      const compact = sign("sha256", Buffer.from(text, "utf8"), { key, dsaEncoding: "ieee-p1363" });
      return Buffer.from(compact.toString("hex"), "latin1").toString("base64");
    }
    case "mldsa65":
      return sign(null, Buffer.from(text, "utf8"), key).toString("base64");
  }
}
