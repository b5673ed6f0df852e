import assert from "node:assert/strict";
import { AtError } from "@atsign/atsdk";
import { fullKey, parseKey } from "../../src/atsdk/codec/at-key.ts";
import { decodeBase2e15 } from "../../src/atsdk/codec/base2e15.ts";
import * as commands from "../../src/atsdk/codec/commands.ts";
import * as enrollment from "../../src/atsdk/codec/enrollment.ts";
import { readMetadata } from "../../src/atsdk/codec/metadata.ts";
import { parseNotification } from "../../src/atsdk/codec/notification-frame.ts";
import {
  readInfo,
  readMetadataReply,
  readEntries,
  readNames,
  readNamesOrNone,
  readRecord,
  readStatus,
} from "../../src/atsdk/codec/replies.ts";
import { type AtFrame, ReplyReader } from "../../src/atsdk/codec/reply-reader.ts";
import type { FuzzRandom } from "./fuzz-random.ts";
import { atomsOf, bytesOf, cut, replyText } from "./fuzz-text.ts";

const sentinel = Buffer.from("\ndata:sentinel\n");
const readers: readonly ((payload: string) => unknown)[] = [
  readRecord,
  readMetadataReply,
  readNames,
  readNamesOrNone,
  readEntries,
  readInfo,
  readStatus,
  enrollment.readEnrolled,
  enrollment.readEnrollments,
  enrollment.readWrappedKey,
  enrollment.readMembers,
  enrollment.readLastRevoked,
  (payload) => enrollment.readEnrollment("id", payload),
  parseNotification,
  readMetadata,
  decodeBase2e15,
  (payload) => {
    const { cached = false, ...key } = parseKey(payload);
    if (!cached) assert.deepEqual(parseKey(fullKey(key, key.sharedBy)), key);
  },
];

/** Whatever a server sends, however it is cut, gives the same frames, typed errors only, and the next reply is read. */
export function checkReplies(random: FuzzRandom): void {
  const bytes = bytesOf(random, replyText(random));
  const whole = new ReplyReader().push(Buffer.concat([bytes, sentinel]));
  const reader = new ReplyReader();
  const pieces = [...cut(random, bytes), sentinel].flatMap((piece) => reader.push(piece));
  assert.deepEqual(pieces, whole);
  assert.deepEqual(pieces.at(-1), { kind: "data", payload: "sentinel" } satisfies AtFrame);
  for (const frame of pieces) {
    if (frame.kind === "error") assert.match(frame.code, /^(?:AT\d{4}|bad-reply)$/);
    else for (const read of readers) onlyAtErrors(() => read(frame.payload));
  }
}

/** Whatever a caller gives, a command is one line or a typed error. */
export function checkCommands(random: FuzzRandom): void {
  const text = () => atomsOf(random, "command") + (random.oneIn(8) ? "\n" : "");
  const metadata = () => ({
    ttl: random.oneIn(3) ? random.next() / 7 : random.next(),
    ...(random.oneIn(2) ? { ivNonce: text() } : {}),
    ...(random.oneIn(4) ? { appMetadata: { [text()]: text() } } : {}),
  });
  const key = () => (random.oneIn(2) ? "@bob:msg.app@alice" : text());
  const operation = random.pick(["update", "delete"] as const);
  const build = random.pick([
    () => commands.updateCommand(key(), metadata(), text()),
    () => commands.updateMetadataCommand(key(), metadata()),
    () => commands.deleteCommand(text()),
    () => commands.localLookUpCommand(text(), "all"),
    () => commands.lookUpCommand("plookup", text(), { bypassCache: true }),
    () => commands.scanCommand({ regex: text(), showHidden: random.oneIn(2) }),
    () => commands.notifyCommand({ id: text(), operation, ttln: 5 }, metadata(), key(), text()),
    () => commands.notifyCommand({ id: "i", operation, ttln: 5, notifier: text() }, {}, key()),
    () =>
      commands.notifyCommand(
        {
          id: text(),
          operation: "update",
          eAtn: random.oneIn(2) ? random.next() * 100 : random.next() / 7,
          eph: random.oneIn(2),
        },
        { ...metadata(), ...(random.oneIn(4) ? { ttr: -1 } : {}) },
        key(),
        text(),
      ),
    () => commands.notifyStatusCommand(text()),
    () => commands.notifyRemoveCommand(text()),
    () => commands.notifyListCommand({ from: text(), to: text(), regex: text() }),
    () => commands.notifyListCommand({ regex: text() }),
    () => commands.blockCommand("add", [text(), text()]),
    () => commands.monitorCommand({ regex: text(), epochMillis: random.next() }),
    () =>
      enrollment.enrollRequestCommand({
        appName: text(),
        deviceName: text(),
        namespaces: { [text()]: "rw" },
        apkamPublicKey: text(),
      }),
    () =>
      enrollment.enrollUpdateCommand(text(), {
        apkamPublicKey: text(),
        signingAlgo: "mldsa65",
        apkamPublicKeySignature: text(),
      }),
    () => enrollment.enrollNamespaceCommand("listns", text()),
    () => enrollment.enrollMetadataCommand(text(), { [text()]: text() }),
    () => enrollment.enrollCommand("revoke", text(), { force: random.oneIn(2) }),
    () => enrollment.keysGetCommand(text(), "default_self_enc_key", "@alice"),
    () => enrollment.otpPutCommand(text()),
    () => fullKey({ kind: "shared", name: text(), sharedWith: text() }, "@alice"),
  ]);
  onlyAtErrors(() => assert.match(build(), /^[^\n\r]+$/));
}

function onlyAtErrors(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof AtError)) throw error;
  }
}
