import { z } from "zod";
import type { EnvelopeKind } from "../link-types.ts";
import { AppError } from "../errors.ts";
import { atSignSchema, instanceSchema } from "../trust/trust-documents.ts";

/** The clear part of a container: everything that says what it is, for whom and until when. It is authenticated. */

const nameSchema = z.string().regex(/^[A-Za-z0-9._@/-]{1,100}$/);
const counterSchema = z.int().min(0);
const timeSchema = z.iso.datetime({ precision: 3 });
const serialsSchema = z.tuple([z.int().min(1), z.int().min(1)]);

/** Its members stand in the order of canonical JSON, which is therefore what `JSON.stringify` makes of a parsed one. */
const headerSchema = z.strictObject({
  attempt: counterSchema,
  expiry: timeSchema,
  fencing: counterSchema,
  from: atSignSchema,
  fromInstance: instanceSchema,
  /** Serials of agent and instance grant, as the sender knows them. */
  fromSerials: serialsSchema,
  /** 16 random bytes in hex, new at every sending. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  issuedAt: timeSchema,
  kind: z.enum(["request", "progress", "chunk", "result", "error", "cancel", "ack"]),
  revision: counterSchema,
  run: nameSchema,
  /** progress and chunk only */
  sequence: counterSchema.nullable(),
  step: nameSchema,
  to: atSignSchema,
  toInstance: instanceSchema,
  toSerials: serialsSchema,
  /** W3C traceparent */
  trace: z
    .string()
    .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
    .nullable(),
  v: z.literal(1),
});
export type EnvelopeHeader = z.infer<typeof headerSchema>;

export const maxHeaderBytes = 4096;
/** How far the clocks of two machines may differ. */
export const clockSkewMs = 5 * 60_000;

/** Progress, chunk and ack commit nobody to anything and are frequent: they carry no signature. */
export function isSignedKind(kind: EnvelopeKind): boolean {
  return kind !== "progress" && kind !== "chunk" && kind !== "ack";
}

/** The header as canonical JSON; throws for what no receiver would accept. */
export function encodeHeader(header: EnvelopeHeader): Buffer {
  const checked = headerSchema.safeParse(header);
  const bytes = Buffer.from(JSON.stringify(checked.data ?? null));
  if (!checked.success || bytes.length > maxHeaderBytes) {
    throw new AppError("bad-envelope", `an envelope's header is not valid: ${issueOf(checked.error)}`);
  }
  return bytes;
}

/** Strict, and canonical to the byte. Throws `envelope-malformed`. */
export function decodeHeader(bytes: Buffer): EnvelopeHeader {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new AppError("envelope-malformed", "the envelope's header is not JSON");
  }
  const header = headerSchema.safeParse(value);
  if (!header.success) {
    throw new AppError("envelope-malformed", `the envelope's header is not valid: ${issueOf(header.error)}`);
  }
  if (!Buffer.from(JSON.stringify(header.data)).equals(bytes)) {
    throw new AppError("envelope-malformed", "the envelope's header is not canonical JSON");
  }
  return header.data;
}

/** Throws `envelope-expired` or `envelope-from-future`; clocks may differ by five minutes. */
export function checkTimes(header: EnvelopeHeader, now: number): void {
  if (Date.parse(header.expiry) <= now) {
    throw new AppError("envelope-expired", `the envelope ended at ${header.expiry}`);
  }
  if (Date.parse(header.issuedAt) > now + clockSkewMs) {
    throw new AppError(
      "envelope-from-future",
      `the envelope says it was issued at ${header.issuedAt}, in the future here`,
    );
  }
}

function issueOf(error: z.ZodError | undefined): string {
  const issue = error?.issues[0];
  return issue === undefined ? `over ${maxHeaderBytes} bytes` : `${issue.path.join(".")}: ${issue.message}`;
}
