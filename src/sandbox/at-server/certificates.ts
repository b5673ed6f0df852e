import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { AppError } from "../../errors.ts";
import { bits, boolean, integer, octets, oid, sequence, set, tagged, time, utf8 } from "./der.ts";

export interface ServerIdentity {
  /** PEM texts: what clients trust, and what the servers present. */
  readonly ca: string;
  readonly caFile: string;
  readonly certificate: string;
  readonly key: string;
}

const day = 86_400_000;
const caDays = 3_650;
const serverDays = 397;
const renewDays = 30;
const tlsServer = "1.3.6.1.5.5.7.3.1";
const tlsClient = "1.3.6.1.5.5.7.3.2";
const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));

/**
 * The sandbox's private authority and server certificate (ECDSA P-256), kept in `folder` and made when missing. The server
 * certificate, by which servers show themselves to each other too, is renewed before it ends and when it does not name
 * one of `hosts`; both are made again where a clock that was ahead made them for later. `authority` is the folder of another sandbox whose authority is used instead.
 */
export function loadIdentity(
  folder: string,
  hosts: readonly string[],
  now: number,
  authority = folder,
): ServerIdentity {
  const file = (name: string) => join(name.startsWith("ca.") ? authority : folder, name);
  try {
    return keptIdentity(file, hosts, now);
  } catch (error) {
    if (error instanceof AppError || (error instanceof Error && "syscall" in error)) throw error;
    throw new AppError(
      "data-corrupt",
      `${file("ca.pem")}, or another certificate or key beside it, is damaged: remove ca.* and server.* there, new ones are made`,
      { cause: error },
    );
  }
}

function keptIdentity(file: (name: string) => string, hosts: readonly string[], now: number): ServerIdentity {
  if (!existsSync(file("ca.pem")) || !hasBegun(readFileSync(file("ca.pem"), "utf8"), now))
    makeAuthority(file, now);
  const ca = readFileSync(file("ca.pem"), "utf8");
  if (!existsSync(file("server.pem")) || !isUsable(readFileSync(file("server.pem"), "utf8"), ca, hosts, now))
    makeServerCertificate(file, ca, hosts, now);
  return {
    ca,
    caFile: file("ca.pem"),
    certificate: readFileSync(file("server.pem"), "utf8"),
    key: readFileSync(file("server.key"), "utf8"),
  };
}

/** Not so: it was made by a clock that was ahead, and nobody believes it yet. */
function hasBegun(pem: string, now: number): boolean {
  return new X509Certificate(pem).validFromDate.getTime() <= now;
}

function isUsable(pem: string, ca: string, hosts: readonly string[], now: number): boolean {
  const certificate = new X509Certificate(pem);
  return (
    certificate.verify(new X509Certificate(ca).publicKey) &&
    hasBegun(pem, now) &&
    certificate.validToDate.getTime() > now + renewDays * day &&
    certificate.keyUsage?.includes(tlsClient) &&
    hosts.every(
      (host) => (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined,
    )
  );
}

function makeAuthority(file: (name: string) => string, now: number): void {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = commonName("Countersign sandbox authority");
  const ca = certificate({
    issuer: name,
    subject: name,
    publicKey,
    signer: privateKey,
    from: now,
    days: caDays,
    extensions: [
      extension("2.5.29.19", sequence(boolean(true), integer(Buffer.from([0]))), true), // a CA without further CAs
      extension("2.5.29.15", bits(Buffer.from([0x06]), 1), true), // keyCertSign, cRLSign
      extension("2.5.29.14", octets(keyId(publicKey))),
    ],
  });
  replaceFile(file("ca.key"), pkcs8(privateKey), 0o600);
  replaceFile(file("ca.pem"), ca, 0o644);
}

function makeServerCertificate(
  file: (name: string) => string,
  ca: string,
  hosts: readonly string[],
  now: number,
): void {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const authority = createPublicKey(ca);
  const pem = certificate({
    issuer: commonName("Countersign sandbox authority"),
    subject: commonName("Countersign sandbox"),
    publicKey,
    signer: createPrivateKey(readFileSync(file("ca.key"), "utf8")),
    from: now,
    days: serverDays,
    extensions: [
      extension("2.5.29.19", sequence(), true),
      extension("2.5.29.15", bits(Buffer.from([0x80]), 7), true), // digitalSignature
      extension("2.5.29.37", sequence(oid(tlsServer), oid(tlsClient))),
      extension("2.5.29.17", sequence(...hosts.map(alternativeName))),
      extension("2.5.29.35", sequence(tagged(0, keyId(authority), true))),
    ],
  });
  replaceFile(file("server.key"), pkcs8(privateKey), 0o600);
  replaceFile(file("server.pem"), pem, 0o644);
}

function certificate(o: {
  issuer: Buffer;
  subject: Buffer;
  publicKey: KeyObject;
  signer: KeyObject;
  from: number;
  days: number;
  extensions: Buffer[];
}): string {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and no leading zero byte
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))), // version 3
    integer(serial),
    ecdsaWithSha256,
    o.issuer,
    sequence(time(new Date(o.from - day)), time(new Date(o.from + o.days * day))),
    o.subject,
    o.publicKey.export({ type: "spki", format: "der" }),
    tagged(3, sequence(...o.extensions)),
  );
  const der = sequence(body, ecdsaWithSha256, bits(sign("sha256", body, o.signer)));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function commonName(text: string): Buffer {
  return sequence(set(sequence(oid("2.5.4.3"), utf8(text))));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));
}

function alternativeName(host: string): Buffer {
  return isIP(host) ? tagged(7, addressBytes(host), true) : tagged(2, Buffer.from(host, "ascii"), true);
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  throw new AppError("invalid-host", `The sandbox's host ${address} must be a name or an IPv4 address.`);
}

function keyId(key: KeyObject): Buffer {
  return createHash("sha1")
    .update(key.export({ type: "spki", format: "der" }))
    .digest();
}

function pkcs8(key: KeyObject): string {
  return String(key.export({ type: "pkcs8", format: "pem" }));
}

function replaceFile(path: string, text: string, mode: number): void {
  writeFileSync(`${path}.tmp`, text, { mode });
  renameSync(`${path}.tmp`, path);
}
