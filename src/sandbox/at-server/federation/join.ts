import { createHash } from "node:crypto";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AtError, lookUp } from "@atsign/atsdk";
import { z } from "zod";
import { makeFolder } from "../../../../adapters/store/make-folder.ts";
import { AppError } from "../../../errors.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

const addressSchema = z.object({
  host: z.string().min(1).max(255),
  port: z.number().int().min(1).max(65_535),
});
const registrationSchema = z.record(z.string().startsWith("@").max(56), addressSchema);
const maxRegistrations = 100;

/** Leaves word in a sandbox's data folder where its atDirectory is, for sandboxes that join it. */
export function publishDirectory(folder: string, directory: Address): void {
  replaceFile(join(folder, "directory.json"), directory);
}

/** Tells the atDirectory of the sandbox in `folder` where the servers are that another one, in `dataDir`, runs. */
export function register(
  folder: string,
  dataDir: string,
  addresses: Readonly<Record<string, Address>>,
): void {
  const registered = join(folder, "registered");
  makeFolder(registered);
  const name = createHash("sha256").update(dataDir).digest("hex").slice(0, 16);
  replaceFile(join(registered, `${name}.json`), addresses);
}

/** Where a joined sandbox said the server of an atSign is. */
export function findRegistered(folder: string, atSign: string): Address | undefined {
  for (const name of registrations(join(folder, "registered"))) {
    const address = readRegistration(join(folder, "registered", name))[atSign];
    if (address) return address;
  }
  return undefined;
}

/** Asks the atDirectory of the sandbox in `folder`; undefined when it does not know the atSign. */
export async function findInDirectory(
  folder: string,
  ca: string,
  atSign: string,
): Promise<Address | undefined> {
  try {
    return await lookUp(atSign, { directory: directoryOf(folder), ca });
  } catch (error) {
    if (error instanceof AtError && error.code === "not-in-directory") return undefined;
    throw error;
  }
}

/** The atDirectory of the sandbox in `folder`. Throws AppError `nothing-to-join` when there was never one. */
export function directoryOf(folder: string): Address {
  try {
    return addressSchema.parse(JSON.parse(readFileSync(join(folder, "directory.json"), "utf8")));
  } catch (error) {
    throw new AppError(
      "nothing-to-join",
      `${folder} is not the data folder of a sandbox that was started before`,
      {
        cause: error,
      },
    );
  }
}

function registrations(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .slice(0, maxRegistrations);
  } catch {
    return []; // nobody has joined
  }
}

function readRegistration(file: string): Readonly<Record<string, Address>> {
  try {
    return registrationSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {}; // not written by us
  }
}

function replaceFile(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
