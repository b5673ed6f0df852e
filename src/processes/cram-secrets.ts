import { chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { Settings } from "../config.ts";

const schema = z.record(z.string(), z.string());
const fileOf = (settings: Settings) => path.join(settings.data, "sandbox", "activation.json");

/**
 * The sandbox leaves the one-time activation secrets of atSigns that are new in its folder (0600); set-up uses them up
 * and takes them out. An atServer takes a secret once, so that the file of an activated company holds nothing.
 */
export function writeCramSecrets(settings: Settings, secrets: Readonly<Record<string, string>>): void {
  const file = fileOf(settings);
  writeFileSync(`${file}.new`, JSON.stringify(secrets), { mode: 0o600 });
  chmodSync(`${file}.new`, 0o600);
  renameSync(`${file}.new`, file);
}
export function readCramSecrets(settings: Settings): Readonly<Record<string, string>> {
  try {
    return schema.parse(JSON.parse(readFileSync(fileOf(settings), "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return {};
    }
    throw error;
  }
}
