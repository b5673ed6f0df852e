import { canonicalHash } from "../canonical.ts";
import { AppError } from "../errors.ts";

/** Small values in the process's own database: what trust was seen before cannot be rolled back from outside. */
export interface TrustMemory {
  getValue(key: string): Promise<string | undefined>;
  setValue(key: string, value: string): Promise<void>;
}

/**
 * Accepts a statement only if its serial is not below the highest seen under `name`, nor equal to it with another
 * content; remembers it.
 */
export async function acceptSerial(
  memory: TrustMemory,
  name: string,
  statement: { readonly serial: number },
): Promise<void> {
  const key = `trust:${name}`;
  const [seenSerial = "0", seenHash = ""] = ((await memory.getValue(key)) ?? "").split(" ");
  const highest = Number(seenSerial);
  const hash = canonicalHash(statement);
  if (statement.serial < highest) {
    throw new AppError(
      "trust-rollback",
      `${name} has serial ${statement.serial}, but ${highest} was already in force here: an old paper was put back. Put the newest one in place, or sign the next serial.`,
    );
  }
  if (statement.serial === highest && hash !== seenHash) {
    throw new AppError(
      "trust-conflict",
      `${name} has serial ${statement.serial} like one already in force here, but another content. Sign the change with serial ${highest + 1}.`,
    );
  }
  if (statement.serial > highest) {
    await memory.setValue(key, `${statement.serial} ${hash}`);
  }
}
