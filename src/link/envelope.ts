import { createCipheriv, createDecipheriv, hash, sign, verify } from "node:crypto";
import { canonicalJson } from "../canonical.ts";
import type { AgentAddress, AtSign, Json } from "../domain.ts";
import type { EnvelopeKind, MessageSubject, ReceivedEnvelope } from "../link-types.ts";
import { AppError } from "../errors.ts";
import type { InstanceKeyPairs } from "../keys.ts";
import type { InstanceKeys } from "../trust/trust-store.ts";
import { checkTimes, decodeHeader, encodeHeader, type EnvelopeHeader } from "./envelope-header.ts";
import { isSignedKind, maxHeaderBytes } from "./envelope-header.ts";
import { envelopeKey, makeReady, type ReadySending, sharedSecret } from "./envelope-key.ts";

/**
 * The sealed container: version byte, header length (uint32), header (canonical JSON), nonce (12), ciphertext, tag
 * (16). AES-256-GCM over [signature (64), for signed kinds] + body, with the header as additional data. The key is
 * HKDF-SHA-256 over X25519 of both instances' granted keys, with the message id as salt: an id is never used twice. The
 * signature is Ed25519 over SHA-256(header) + body. There is no forward secrecy.
 */
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const signatureBytes = 64;
const prefixBytes = 5;
/** Of a whole container; larger is refused unread. */
export const maxContainerBytes = 2 * 1024 * 1024;

export interface SealOptions {
  readonly from: InstanceKeyPairs & { readonly serials: readonly [number, number] };
  readonly to: InstanceKeys;
  readonly kind: EnvelopeKind;
  readonly subject: MessageSubject;
  readonly sequence: number | null;
  readonly fencing: number;
  readonly trace: string | null;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly body: Json;
  /** Cryptographically random bytes; tests inject fixed ones. */
  readonly random: (bytes: number) => Buffer;
  /** Made before, for this sender and recipient and no other message. */
  readonly ready?: ReadySending;
}
export interface SealedEnvelope {
  readonly bytes: Buffer;
  readonly messageId: string;
  /** SHA-256 over the signed bytes, hex: the same in both sides' journals. */
  readonly hash: string;
}

/** Seals one sending; the same message sent again gets a new id, nonce and key. */
export function seal(o: SealOptions): SealedEnvelope {
  const { messageId, nonce, key } = o.ready ?? makeReady(o);
  const header: EnvelopeHeader = {
    v: version,
    kind: o.kind,
    from: o.from.atSign,
    fromInstance: o.from.instance,
    to: o.to.atSign,
    toInstance: o.to.instance,
    run: o.subject.run,
    revision: o.subject.revision,
    step: o.subject.step,
    attempt: o.subject.attempt,
    sequence: o.sequence,
    fencing: o.fencing,
    id: messageId,
    issuedAt: new Date(o.issuedAt).toISOString(),
    expiry: new Date(o.expiresAt).toISOString(),
    trace: o.trace,
    fromSerials: [...o.from.serials],
    toSerials: [...o.to.serials],
  };
  const headerBytes = encodeHeader(header);
  const body = Buffer.from(canonicalJson(o.body));
  const size = prefixBytes + headerBytes.length + nonceBytes + signatureBytes + body.length + tagBytes;
  if (size > maxContainerBytes) {
    throw new AppError(
      "envelope-too-large",
      `a message of ${body.length} bytes is too large; at most ${maxContainerBytes} fit with its envelope`,
    );
  }
  const signed = signedBytes(headerBytes, body);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(headerBytes);
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt8(version, 0);
  prefix.writeUInt32BE(headerBytes.length, 1);
  const parts = [prefix, headerBytes, nonce];
  if (isSignedKind(o.kind)) {
    parts.push(cipher.update(sign(null, signed, o.from.ed25519)));
  }
  parts.push(cipher.update(body), cipher.final(), cipher.getAuthTag());
  return { bytes: Buffer.concat(parts), messageId, hash: hashOf(signed) };
}

export interface OpenOptions {
  readonly bytes: Buffer;
  /** The atSign the transport named as sender. */
  readonly from: string;
  readonly me: InstanceKeyPairs;
  /** The granted keys of a peer; throws AppErrors. */
  readonly peer: (atSign: AtSign, instance: string) => InstanceKeys;
  readonly now: number;
}

/** Opens and verifies a container; throws AppErrors `envelope-…`, or what `peer` throws. */
export function open(o: OpenOptions): ReceivedEnvelope {
  const { header, headerBytes, nonce, ciphertext, tag } = split(o.bytes);
  if (header.from !== o.from) {
    throw new AppError(
      "envelope-sender",
      `the envelope names ${header.from} as sender, but ${o.from} sent it`,
    );
  }
  if (header.to !== o.me.atSign || header.toInstance !== o.me.instance) {
    throw new AppError(
      "envelope-recipient",
      `the envelope is for ${header.to} (instance "${header.toInstance}"), not for us`,
    );
  }
  const peer = o.peer(header.from, header.fromInstance);
  if (peer.serials[0] !== header.fromSerials[0] || peer.serials[1] !== header.fromSerials[1]) {
    throw new AppError(
      "envelope-serials",
      `${header.from} uses the grants ${header.fromSerials.join("/")}, known here are ${peer.serials.join("/")}`,
      { retryable: true },
    );
  }
  const key = envelopeKey(sharedSecret(o.me.x25519, peer.x25519), header.id, { from: peer, to: o.me });
  const decipher = createDecipheriv("aes-256-gcm", key, nonce);
  decipher.setAAD(headerBytes);
  decipher.setAuthTag(tag);
  let plain: Buffer;
  try {
    plain = decipher.update(ciphertext);
    decipher.final();
  } catch {
    if (isForEarlierKeys(header, o)) {
      throw new AppError("envelope-serials", "the envelope is sealed for keys that we had before", {
        retryable: true,
      });
    }
    throw new AppError(
      "envelope-altered",
      "the envelope was altered, or sealed with keys that are not granted",
    );
  }
  const isSigned = isSignedKind(header.kind);
  const body = plain.subarray(isSigned ? signatureBytes : 0);
  const signed = signedBytes(headerBytes, body);
  if (isSigned && !verify(null, signed, peer.ed25519, plain.subarray(0, signatureBytes))) {
    throw new AppError("envelope-signature", `the envelope is not signed by ${header.from}'s granted key`);
  }
  checkTimes(header, o.now);
  return {
    from: { ...addressOf(peer), role: peer.role },
    kind: header.kind,
    subject: {
      run: header.run,
      revision: header.revision,
      step: header.step,
      attempt: header.attempt,
    },
    sequence: header.sequence,
    fencing: header.fencing,
    messageId: header.id,
    hash: hashOf(signed),
    body: parseBody(body),
    expiresAt: Date.parse(header.expiry),
  };
}

function split(bytes: Buffer): {
  readonly header: EnvelopeHeader;
  readonly headerBytes: Buffer;
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
} {
  if (bytes.length > maxContainerBytes || bytes.length < prefixBytes + nonceBytes + tagBytes) {
    throw new AppError("envelope-size", `an envelope of ${bytes.length} bytes is not read`);
  }
  if (bytes.readUInt8(0) !== version) {
    throw new AppError(
      "envelope-version",
      `the envelope has format ${bytes.readUInt8(0)}, known is ${version}`,
    );
  }
  const headerEnd = prefixBytes + bytes.readUInt32BE(1);
  const nonceEnd = headerEnd + nonceBytes;
  if (headerEnd > prefixBytes + maxHeaderBytes || nonceEnd + tagBytes > bytes.length) {
    throw new AppError("envelope-malformed", "the envelope's header length does not fit its size");
  }
  const headerBytes = bytes.subarray(prefixBytes, headerEnd);
  return {
    header: decodeHeader(headerBytes),
    headerBytes,
    nonce: bytes.subarray(headerEnd, nonceEnd),
    ciphertext: bytes.subarray(nonceEnd, bytes.length - tagBytes),
    tag: bytes.subarray(bytes.length - tagBytes),
  };
}

/** True after a rotation: what was under way is sent again, sealed anew. */
function isForEarlierKeys({ toSerials }: EnvelopeHeader, { me, peer }: OpenOptions): boolean {
  let own: InstanceKeys;
  try {
    own = peer(me.atSign, me.instance);
  } catch {
    return false;
  }
  return toSerials[0] < own.serials[0] || toSerials[1] < own.serials[1];
}

function signedBytes(header: Buffer, body: Buffer): Buffer {
  return Buffer.concat([hash("sha256", header, "buffer"), body]);
}

function hashOf(signed: Buffer): string {
  return hash("sha256", signed);
}

function addressOf(keys: InstanceKeys): AgentAddress {
  return { atSign: keys.atSign, instance: keys.instance };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
function parseBody(bytes: Buffer): Json {
  try {
    return JSON.parse(utf8.decode(bytes)) as Json;
  } catch {
    throw new AppError("envelope-malformed", "the envelope's body is not JSON");
  }
}
