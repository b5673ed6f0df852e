import type { FuzzRandom } from "./fuzz-random.ts";

const verbs = [
  "from:",
  "cram:",
  "pkam:",
  "pol",
  "to:",
  "update:",
  "update:meta:",
  "update:json:",
  "delete:",
  "llookup:",
  "lookup:",
  "plookup:",
  "scan",
  "sync:from:",
  "stats",
  "info",
  "config:block:",
  "config:set:",
  "noop:0",
  "batch:",
  "notify:",
  "notify:status:",
  "notify:list",
  "notify:fetch:",
  "notify:remove:",
  "notify:all:",
  "monitor",
  "otp:",
  "enroll:",
  "keys:",
  "@exit",
  "stream:",
];
const commandAtoms = [
  ":",
  "@",
  " ",
  "@alice",
  "@bob",
  "@alice🛠",
  "public:",
  "cached:",
  "private:",
  "privatekey:",
  "meta:",
  "all:",
  "bypassCache:true:",
  "msg.app@alice",
  "@bob:msg.app@alice",
  "public:x@alice",
  "publickey@alice",
  "shared_key@bob",
  ":ttl:",
  ":ttb:",
  ":ttr:",
  ":ccd:",
  ":isBinary:",
  ":isEncrypted:",
  ":sharedKeyEnc:",
  ":pubKeyCS:",
  ":pubKeyHash:",
  ":hashingAlgo:",
  ":encoding:",
  ":ivNonce:",
  ":immutable:",
  ":appMetadata:",
  ":dataSignature:",
  ":cAt:",
  ":nc",
  ":id:",
  ":messageType:",
  ":ttln:5",
  ":eAtn:2099-01-01T00:00:00Z",
  ":eAtn:2001-02-03T04:05:06.789Z",
  ":eph:true",
  ":eph",
  "key",
  "text",
  ":priority:",
  "low",
  ":strategy:",
  "latest",
  ":latestN:",
  ":notifier:",
  ":ttln:",
  "update",
  "delete",
  "true",
  "false",
  "null",
  "-1",
  "0",
  "99999999999999999999",
  "2026-05-05T10:30:00.000Z",
  "AA==",
  "e30=",
  "showhidden:true",
  ":limit:",
  ":page:",
  "get",
  "put",
  "request:",
  "approve:",
  "update:",
  "signingAlgo:ecc_secp256r1:",
  "signingAlgo:mldsa65:",
  "hashingAlgo:sha512:",
  "enrollmentId:e:",
  '{"enrollmentId":"e","apkamPublicKey":"04","signingAlgo":"ecc_secp256r1","apkamPublicKeySignature":"AA=="}',
  '{"enrollmentId":"e","metadata":{"a":[1]}}',
  "list",
  "keyName:",
  '{"id":1}',
  '[{"id":1,"command":"scan"}]',
  '{"atKey":"x","sharedBy":"@alice","value":"v"}',
  "{",
  "[",
  '"',
  "\\",
  "(a+)+$",
  ".*",
  "[",
  "\\S",
  "~NL~",
  "ü",
  "🛠",
  "\u0000",
  "\ufeff",
  "\t",
  "x".repeat(300),
];
const replyAtoms = [
  "data:",
  "error:",
  "notification:",
  "stream:",
  "@",
  "@alice@",
  "@🛠@",
  ":",
  " ",
  "\r",
  "null",
  "ok",
  "success",
  "AT0015",
  "AT0015-key not found",
  "AT0025:denied",
  "AT99",
  '{"errorCode":"AT0003","errorDescription":"x"}',
  '{"key":"x","data":"y","metaData":{"ttl":5,"isBinary":"true","pubKeyHash":"{}","createdAt":"2024-10-24 01:35:02.123Z"}}',
  '{"id":"1","from":"@a","to":"@b","key":"k","value":null,"operation":"update","epochMillis":1,"metadata":{}}',
  '["a@alice"]',
  '{"version":"3.1.1","features":[{"name":"x","status":"GA"}]}',
  "[]",
  "{",
  "}",
  '"',
  "\\u0000",
  "[[[[",
  "1e999",
  "-0",
  "ü",
  "🛠",
  "\u0000",
  "\ufffd",
  "queued",
  "delivered",
  "嗺둽",
  "\u3400",
  "cached:",
  "public:",
  "@bob:msg.app@alice",
  "y".repeat(300),
];

/** Lines that are nearly commands. */
export function commandText(random: FuzzRandom): string {
  return lines(random, () => random.pick(verbs) + atoms(random, commandAtoms));
}

/** Lines that are nearly replies. */
export function replyText(random: FuzzRandom): string {
  return lines(random, () => atoms(random, replyAtoms));
}

export function atomsOf(random: FuzzRandom, kind: "command" | "reply"): string {
  return atoms(random, kind === "command" ? commandAtoms : replyAtoms);
}

/** Bytes of the text, a few of them changed now and then. */
export function bytesOf(random: FuzzRandom, text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 0 && random.oneIn(3))
    for (let n = random.below(4); n >= 0; n--) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

/** The bytes in pieces, single ones among them. */
export function cut(random: FuzzRandom, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const length = 1 + (random.oneIn(3) ? 0 : random.below(64));
    pieces.push(bytes.subarray(start, start + length));
    start += length;
  }
  return pieces;
}

function lines(random: FuzzRandom, line: () => string): string {
  let text = "";
  for (let n = random.below(4); n >= 0; n--) text += line() + random.pick(["\n", "\n", "\r\n", "\n\n", ""]);
  return text;
}

function atoms(random: FuzzRandom, from: readonly string[]): string {
  let text = "";
  for (let n = random.below(9); n > 0; n--) text += random.pick(from);
  return text;
}
