import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { Settings } from "../config.ts";
import { AppError } from "../errors.ts";

/** Where the atDirectory is, and whose certificates are believed there (PEM text; absent: the public roots). */
export interface AtAddress {
  readonly directory: { readonly host: string; readonly port: number };
  readonly ca?: string;
}

const addressSchema = z.object({ host: z.string().min(1), port: z.int().min(1).max(65_535) });

/** As set; else this data folder's own sandbox, when there is one. Throws `bad-setting`. */
export function atAddress(settings: Settings): AtAddress {
  const { atDirectory } = settings;
  const ca = atAuthority(settings);
  if (atDirectory !== undefined) {
    return { directory: atDirectory, ...(ca === undefined ? {} : { ca }) };
  }
  const file = path.join(sandboxOf(settings), "directory.json");
  if (!existsSync(file)) {
    throw new AppError(
      "bad-setting",
      "setting COUNTERSIGN_AT_DIRECTORY: expected the atDirectory's host:port",
    );
  }
  return {
    directory: addressSchema.parse(JSON.parse(readFileSync(file, "utf8"))),
    ca: readFileSync(path.join(sandboxOf(settings), "ca.pem"), "utf8"),
  };
}

/** Has a data folder find the sandbox that another one's system runs: for a person's machine in the demo. */
export function useSandboxOf(from: string, to: string): void {
  const [source, target] = [sandboxOf({ data: from }), sandboxOf({ data: to })];
  if (!existsSync(path.join(source, "directory.json"))) {
    throw new AppError("usage", `--sandbox ${from}: expected the data folder of a demo that was started`);
  }
  mkdirSync(target, { recursive: true, mode: 0o700 });
  for (const name of ["directory.json", "ca.pem"]) {
    copyFileSync(path.join(source, name), path.join(target, name));
  }
}

/** The authority alone, for whoever knows the atDirectory from elsewhere; undefined: the public roots. */
export function atAuthority(settings: Settings): string | undefined {
  const { atDirectory, atCaFile } = settings;
  const own = path.join(sandboxOf(settings), "ca.pem");
  const file = atCaFile ?? (atDirectory === undefined && existsSync(own) ? own : undefined);
  return file === undefined ? undefined : readFileSync(file, "utf8");
}

function sandboxOf({ data }: Pick<Settings, "data">): string {
  return path.join(data, "sandbox", "at");
}
