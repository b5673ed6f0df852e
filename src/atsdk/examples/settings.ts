import { readFileSync } from "node:fs";
import type { HostAndPort } from "@atsign/atsdk";

/**
 * Where the examples connect to: the public atDirectory, or what `AT_DIRECTORY` (host:port) and `AT_CA` (file with the
 * authority to trust, PEM) say, for a sandbox.
 */
export function network(): { directory: HostAndPort; ca?: string } {
  const { AT_DIRECTORY = "root.atsign.org:64", AT_CA } = process.env;
  const [host = "", port] = AT_DIRECTORY.split(":");
  const directory = { host, port: Number(port) };
  return AT_CA === undefined ? { directory } : { directory, ca: readFileSync(AT_CA, "utf8") };
}

/** The arguments of an example; ends it with a hint when some are missing. */
export function argumentsOf(...names: readonly string[]): string[] {
  const given = process.argv.slice(2);
  if (given.length === names.length) return given;
  process.stderr.write(`usage: node ${process.argv[1] ?? ""} ${names.join(" ")}\n`);
  process.exit(2);
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
