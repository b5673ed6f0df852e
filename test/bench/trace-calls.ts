// Loaded before a measured program: on demand it notes when messages come and go, and how long cryptography took.
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { TLSSocket } from "node:tls";
import { z } from "zod";

/** What happened: a message of the call's size came or went, or a call began or ended. */
export const marksSchema = z.array(
  z.object({
    kind: z.enum(["began", "in", "out", "ended"]),
    /** Milliseconds of the machine's steady clock, which all processes share. */
    at: z.number(),
    /** Milliseconds that Ed25519, and all other cryptography but TLS's, had taken in this process until then. */
    signing: z.number(),
    other: z.number(),
  }),
);
export type Mark = z.infer<typeof marksSchema>[number];

/** Shorter ones are replies and prompts; the sealed messages are longer. */
const messageBytes = 3_000;
const signatures = ["sign", "verify"] as const;
const others = [
  "createCipheriv",
  "createDecipheriv",
  "createSecretKey",
  "diffieHellman",
  "hash",
  "hkdfSync",
  "randomBytes",
] as const;

const marks: Mark[] = [];
const spent = { signing: 0, other: 0 };
let isTracing = false;

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Notes where this process is in a call; nothing while nobody asked for it. */
export function mark(kind: Mark["kind"]): void {
  if (isTracing) {
    marks.push({ kind, at: now(), ...spent });
  }
}

type Owner = Record<string, (this: unknown, ...args: unknown[]) => unknown>;

function time(owner: object, name: string, as: keyof typeof spent): void {
  const functions = owner as Owner;
  const original = functions[name];
  functions[name] = function timed(this: unknown, ...args: unknown[]): unknown {
    const before = now();
    try {
      return original?.apply(this, args);
    } finally {
      spent[as] += now() - before;
    }
  };
}

function notice(name: "push" | "_write", kind: "in" | "out"): void {
  const functions = TLSSocket.prototype as unknown as Owner;
  const original = functions[name];
  functions[name] = function noticed(this: unknown, ...args: unknown[]): unknown {
    const [chunk] = args as [string | Buffer | null];
    if (chunk !== null && chunk.length >= messageBytes) {
      mark(kind);
    }
    return original?.apply(this, args);
  };
}

function startTracing(): void {
  isTracing = true;
  signatures.forEach((name) => time(crypto, name, "signing"));
  others.forEach((name) => time(crypto, name, "other"));
  for (const { prototype } of [crypto.Cipheriv, crypto.Decipheriv]) {
    ["update", "final", "setAAD", "getAuthTag", "setAuthTag"]
      .filter((name) => name in prototype)
      .forEach((name) => time(prototype, name, "other"));
  }
  notice("push", "in");
  notice("_write", "out");
  syncBuiltinESMExports();
}

process.on("message", (message: object) => {
  if (!("trace" in message)) {
    return;
  }
  if (!isTracing) {
    startTracing();
  }
  process.send?.({ marks: marks.splice(0) });
});
