import { AppError } from "../../src/errors.ts";

export type ColumnType = "text" | "bigint" | "bytea";

/** The server's numbers of its types (pg_type.oid). */
const typeIds = { text: 25, bigint: 20, bytea: 17 } as const;
const headBytes = 20;
const lengthBytes = 4;
const bigintBytes = 8;
const nullLength = -1;
const highUnit = 2 ** 32;

/**
 * A column's values in PostgreSQL's binary form of an array (array_send in the server's arrayfuncs.c). As text, both
 * ends would look at every character, and bytes would be twice as long.
 */
export function postgresArray(type: ColumnType, values: readonly unknown[]): Buffer {
  const lengths = values.map((value) => lengthOf(type, value));
  const size = lengths.reduce((sum, length) => sum + lengthBytes + Math.max(length, 0), headBytes);
  const array = Buffer.allocUnsafe(size);
  // One dimension, whether any is null, the elements' type, how many, and the first one's number.
  array.writeInt32BE(1, 0);
  array.writeInt32BE(lengths.includes(nullLength) ? 1 : 0, 4);
  array.writeInt32BE(typeIds[type], 8);
  array.writeInt32BE(values.length, 12);
  array.writeInt32BE(1, 16);
  let at = headBytes;
  for (const [index, value] of values.entries()) {
    const length = lengths[index] ?? nullLength;
    array.writeInt32BE(length, at);
    at += lengthBytes;
    if (length !== nullLength) {
      write(array, value, at);
      at += length;
    }
  }
  return array;
}

function lengthOf(type: ColumnType, value: unknown): number {
  if (value === null || value === undefined) {
    return nullLength;
  }
  if (type === "text" && typeof value === "string") {
    return Buffer.byteLength(value);
  }
  if (type === "bytea" && value instanceof Uint8Array) {
    return value.byteLength;
  }
  if (type === "bigint" && Number.isSafeInteger(value)) {
    return bigintBytes;
  }
  throw new AppError("data-error", `a ${typeof value} cannot be the value of a ${type} column`);
}

function write(array: Buffer, value: unknown, at: number): void {
  if (typeof value === "string") {
    array.write(value, at);
  } else if (value instanceof Uint8Array) {
    array.set(value, at);
  } else if (typeof value === "number") {
    const high = Math.floor(value / highUnit);
    array.writeInt32BE(high, at);
    array.writeUInt32BE(value - high * highUnit, at + lengthBytes);
  }
}
