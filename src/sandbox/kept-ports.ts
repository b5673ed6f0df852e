import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";

const portsSchema = z.record(z.string(), z.number().int().min(1).max(65_535));

/** The ports used last time, by server name; a file that cannot be read counts as none, for ports are only a habit. */
export function readKeptPorts(file: string): Readonly<Record<string, number>> {
  try {
    return portsSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {};
  }
}

export function writeKeptPorts(file: string, ports: Readonly<Record<string, number>>): void {
  const draft = `${file}.new`;
  writeFileSync(draft, `${JSON.stringify(ports, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}
