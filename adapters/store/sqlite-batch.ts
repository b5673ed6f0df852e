import { AppError } from "../../src/errors.ts";
import type { BatchStatement } from "./database.ts";
import type { SqliteBatch, SqliteValue } from "./sqlite-protocol.ts";

/**
 * A batch on its way to the database's thread: one text and one block of bytes. Copied one by one, its thousands of small
 * values would cost more than it costs to write them.
 */

/** Bytes are a list of their length: they stand in the block in this order. */
type PackedValue = null | number | string | readonly [length: number];
type PackedStatement = readonly [text: string, returns: number | null, parameters: readonly PackedValue[]];
type Packed = Pick<SqliteBatch, "statements" | "bytes">;

export interface SqliteStatement {
  readonly sql: string;
  readonly parameters: readonly SqliteValue[];
  readonly returns: number | null;
}

export function packBatch(batch: readonly BatchStatement[]): Packed {
  const blocks: Uint8Array[] = [];
  const pack = (value: unknown): PackedValue => {
    if (value instanceof Uint8Array) {
      blocks.push(value);
      return [value.byteLength];
    }
    if (
      value === null ||
      typeof value === "string" ||
      (typeof value === "number" && Number.isFinite(value))
    ) {
      return value;
    }
    throw new AppError("data-error", `a ${typeof value} cannot be a statement's parameter`);
  };
  const statements = batch.map(({ text, returns = null, parameters }): PackedStatement => [
    text,
    returns,
    parameters.map(pack),
  ]);
  const bytes = new Uint8Array(blocks.reduce((sum, block) => sum + block.byteLength, 0));
  let at = 0;
  for (const block of blocks) {
    bytes.set(block, at);
    at += block.byteLength;
  }
  return { statements: JSON.stringify(statements), bytes };
}

export function unpackBatch({ statements, bytes }: Packed): readonly SqliteStatement[] {
  let at = 0;
  const unpack = (value: PackedValue): SqliteValue => {
    if (value === null || typeof value !== "object") {
      return value;
    }
    const [length] = value;
    at += length;
    return bytes.subarray(at - length, at);
  };
  return (JSON.parse(statements) as readonly PackedStatement[]).map(([sql, returns, parameters]) => ({
    sql,
    returns,
    parameters: parameters.map(unpack),
  }));
}
