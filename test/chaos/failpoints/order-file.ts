import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { FailpointName } from "./failpoints.ts";

/** What whoever judges and the processes say to each other, as files in the system's folder: it outlives them. */
export interface Order {
  /** Of this case; another one begins a new count. */
  readonly id: number;
  /** Null: nobody dies, all that is passed is written down. */
  readonly armed: FailpointName | null;
  /** Once somebody has died there, all that is passed is written down. */
  readonly thenAll?: true;
}
export interface Hit {
  readonly pid: number;
  /** What the process is: "bot", "agent", "gateway". */
  readonly kind: string;
}

const orderFile = (folder: string): string => path.join(folder, "failpoint-order");
const hitFile = (folder: string): string => path.join(folder, "failpoint-hit");
const passedFile = (folder: string): string => path.join(folder, "failpoints-passed");

export function writeOrder(folder: string, order: Order): void {
  rmSync(hitFile(folder), { force: true });
  rmSync(passedFile(folder), { force: true });
  // Whole at once for whoever reads it.
  writeFileSync(`${orderFile(folder)}.new`, JSON.stringify(order));
  renameSync(`${orderFile(folder)}.new`, orderFile(folder));
}
/** Its text; undefined when there is none. */
export function readOrder(folder: string): string | undefined {
  return read(orderFile(folder));
}
/** The order is carried out: nobody else dies of it. */
export function writeHit(folder: string, hit: Hit): void {
  const order = JSON.parse(readOrder(folder) ?? "null") as Order | null;
  if (order?.thenAll === true) {
    writeOrder(folder, { id: order.id, armed: null });
  } else {
    rmSync(orderFile(folder), { force: true });
  }
  writeFileSync(hitFile(folder), JSON.stringify(hit));
}
export function readHit(folder: string): Hit | undefined {
  const text = read(hitFile(folder));
  return text === undefined || text === "" ? undefined : (JSON.parse(text) as Hit);
}
export function writePassed(folder: string, names: readonly FailpointName[]): void {
  appendFileSync(passedFile(folder), names.map((name) => `${name}\n`).join(""));
}
export function readPassed(folder: string): readonly FailpointName[] {
  return (read(passedFile(folder)) ?? "").split("\n").filter((name) => name !== "") as FailpointName[];
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
