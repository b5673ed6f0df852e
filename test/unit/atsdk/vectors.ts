import { readFileSync } from "node:fs";
import path from "node:path";
import vectors from "../../fixtures/atprotocol/vectors.json" with { type: "json" };
import type { AtKeys } from "@atsign/atsdk";

export { vectors };

/** Grammar and recorded sessions, which only a given file has. */
interface GivenVectors {
  readonly grammar: {
    /** By verb: one regular expression for both generations of servers, or one each. */
    readonly regexes: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly cases: readonly ({ readonly verb: string; readonly input: string } & Readonly<
      Record<string, unknown>
    >)[];
  };
  readonly transcripts: readonly {
    readonly client: string;
    readonly connections: readonly {
      readonly server: string;
      readonly exchange: readonly (readonly [string, string])[];
    }[];
  }[];
}

const folder = process.env["COUNTERSIGN_VECTORS"];
/** The file atprotocol-vectors.json in the folder that COUNTERSIGN_VECTORS names, if it is set. */
export const given =
  folder === undefined
    ? undefined
    : (JSON.parse(readFileSync(path.join(folder, "atprotocol-vectors.json"), "utf8")) as typeof vectors &
        GivenVectors);
/** Skips a test with the reason when no file was given. */
export const needsGiven = { skip: given === undefined ? "COUNTERSIGN_VECTORS is not set" : false };
/** Our own vectors, and the given ones. */
export const vectorSets = [
  { name: "ours", set: vectors },
  ...(given === undefined ? [] : [{ name: "given", set: given as typeof vectors }]),
];

/** Keys of the fixture's two atSigns, so that no test waits for key generation. */
export const aliceKeys: AtKeys = {
  pkamPublicKey: vectors.keys.alicePkam.publicSpkiB64,
  pkamPrivateKey: vectors.keys.alicePkam.privatePkcs8B64,
  encryptionPublicKey: vectors.keys.aliceEncryption.publicSpkiB64,
  encryptionPrivateKey: vectors.keys.aliceEncryption.privatePkcs8B64,
  selfEncryptionKey: vectors.keys.aliceSelfEncryptionKeyB64,
};
export const bobKeys: AtKeys = {
  pkamPublicKey: vectors.keys.bobPkam.publicSpkiB64,
  pkamPrivateKey: vectors.keys.bobPkam.privatePkcs8B64,
  encryptionPublicKey: vectors.keys.bobEncryption.publicSpkiB64,
  encryptionPrivateKey: vectors.keys.bobEncryption.privatePkcs8B64,
  selfEncryptionKey: vectors.keys.bobSelfEncryptionKeyB64,
};
