import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pass } from "node:timers/promises";
import { connect, type TLSSocket } from "node:tls";
import { readAtKeysFile } from "@atsign/atsdk";
import { z } from "zod";
import type { ReadyLine } from "./ready-line.ts";

const caseSchema = z.object({
  id: z.string(),
  setup: z.string(),
  send: z.array(z.string()),
  expect: z.string(),
});
const answerMs = 20_000;

/**
 * Whether a case of a suite passes that the suite's own runner cannot see: it forgets what follows `monitor`, skips
 * statistics, and does not know the placeholders of elliptic curves. One connection of `unauth` or `owner`; the last line
 * of the server is what is expected.
 */
export async function passesByUs(id: string, cases: string, ready: ReadyLine): Promise<boolean> {
  const all = z.array(z.looseObject({ id: z.string() })).parse(JSON.parse(readFileSync(cases, "utf8")));
  const { setup, send, expect } = caseSchema.parse(all.find((each) => each.id === id));
  const [, kind = "", atSign = ""] = /^[A-Z]=(unauth|owner)\((@\w+)\)/.exec(setup) ?? [];
  const address = ready.atSigns[atSign];
  if (address === undefined) throw new Error(`${id}: another setup than is understood: ${setup}`);
  const socket = connect({ ...address, ca: readFileSync(ready.ca) });
  try {
    const lines = linesOf(socket);
    if (kind === "owner") await logIn(socket, lines, { atSign, keys: ready.keys ?? "" });
    const curve = generateKeyPairSync("ec", { namedCurve: "P-256" });
    let [last, challenge] = ["", ""];
    for (const [index, step] of send.entries()) {
      const isLast = index === send.length - 1;
      const command = step.slice(2).replace(" >>ch", "");
      if (step.startsWith("~")) await pass(Number(step.slice(1)));
      else if (!step.endsWith("|?")) socket.write(`${filled(command, curve, challenge)}\n`);
      if (!isLast && /^(?:~|.\|(?:\?|monitor))/.test(step)) continue;
      last = await next(lines);
      if (step.endsWith(" >>ch")) challenge = last.slice("data:".length);
    }
    return new RegExp(expect, "s").test(last);
  } finally {
    socket.destroy();
  }
}

/** The key as the hexadecimal digits of its point, a signature as base64 of those of r and s. */
function filled(
  command: string,
  { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject },
  challenge: string,
): string {
  const point = publicKey.export({ type: "spki", format: "der" }).subarray(-65).toString("hex");
  const compact = sign("sha256", Buffer.from(challenge), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return command
    .replace("{eccPublicKeyHex}", point)
    .replace("{eccSign(ch)}", Buffer.from(compact.toString("hex")).toString("base64"));
}

function linesOf(socket: TLSSocket): AsyncIterator<string> {
  return createInterface({ input: socket })[Symbol.asyncIterator]();
}

/** The next line without the prompt before it. */
async function next(lines: AsyncIterator<string>): Promise<string> {
  const line = await Promise.race([lines.next(), pass(answerMs, undefined, { ref: false })]);
  return String(line?.value ?? "").replace(/^@(?:[^@:]*@)?(?=data:|error:|notification:)/, "");
}

async function logIn(
  socket: TLSSocket,
  lines: AsyncIterator<string>,
  o: { readonly atSign: string; readonly keys: string },
): Promise<void> {
  const { pkamPrivateKey } = await readAtKeysFile(path.join(o.keys, `${o.atSign}_key.atKeys`));
  const key = createPrivateKey({ key: Buffer.from(pkamPrivateKey, "base64"), format: "der", type: "pkcs8" });
  socket.write(`from:${o.atSign}\n`);
  const challenge = (await next(lines)).slice("data:".length);
  socket.write(`pkam:${sign("sha256", Buffer.from(challenge), key).toString("base64")}\n`);
  if ((await next(lines)) !== "data:success") throw new Error(`${o.atSign} cannot log in`);
}
