import { z } from "zod";
import type { RecordMetadata, StoredRecord } from "../record.ts";
import { ServerError } from "../server-error.ts";

const time = z
  .string()
  .max(40)
  .transform((text) => Date.parse(text.replace(" ", "T")))
  .refine((ms) => Number.isFinite(ms));
const text = z.string().optional().catch(undefined);
const integer = z.number().int().optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);

const metadataSchema = z.object({
  createdBy: text,
  updatedBy: text,
  createdAt: time.optional().catch(undefined),
  updatedAt: time.optional().catch(undefined),
  availableAt: time.optional().catch(undefined),
  expiresAt: time.optional().catch(undefined),
  version: integer,
  ttl: integer,
  ttb: integer,
  ttr: integer,
  ccd: flag,
  isBinary: flag,
  isEncrypted: flag,
  immutable: flag,
  dataSignature: text,
  sharedKeyStatus: text,
  sharedKeyEnc: text,
  pubKeyCS: text,
  encoding: text,
  encKeyName: text,
  encAlgo: text,
  ivNonce: text,
  skeEncKeyName: text,
  skeEncAlgo: text,
  pubKeyHash: z.object({ hash: z.string(), hashingAlgo: z.string() }).optional().catch(undefined),
  appMetadata: z.unknown().optional(),
});
const recordSchema = z.object({ data: z.string(), metaData: metadataSchema });

/** Reads what a look-up with `all` answers; times and fields that nobody can read are left out. Throws AT0021. */
export function parseRecord(json: unknown, key: string): StoredRecord {
  const parsed = recordSchema.safeParse(json);
  if (!parsed.success) throw new ServerError("AT0021", "The other atServer answered something unreadable");
  const { pubKeyHash, appMetadata, ...given } = parsed.data.metaData;
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const metadata: RecordMetadata = {
    createdBy: key.slice(key.lastIndexOf("@")),
    createdAt: 0,
    updatedAt: 0,
    availableAt: 0,
    version: 0,
    ...known,
    ...(pubKeyHash ? { pubKeyHash: pubKeyHash.hash, hashingAlgo: pubKeyHash.hashingAlgo } : {}),
    ...(appMetadata === undefined || appMetadata === null
      ? {}
      : { appMetadata: Buffer.from(JSON.stringify(appMetadata)).toString("base64") }),
  };
  return { key, value: parsed.data.data, metadata };
}
