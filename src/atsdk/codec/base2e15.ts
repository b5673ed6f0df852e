import { AtError } from "../at-error.ts";

/**
 * Base2e15, the text form of binary values (specification 4.2, `isBinary`; alphabet: the public package at_base2e15).
 * Each character carries 15 bits, most significant first; a rest of at most 7 bits has characters of its own.
 */
const ranges = [
  { from: 0x0000, to: 0x1935, start: 0x3480 },
  { from: 0x1936, to: 0x545b, start: 0x4e00 },
  { from: 0x545c, to: 0x7fff, start: 0xac00 },
] as const;
const restStart = 0x3400;

export function encodeBase2e15(bytes: Uint8Array): string {
  const codes = new Uint16Array(Math.ceil((bytes.length * 8) / 15));
  let bits = 0;
  let count = 0;
  let length = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    count += 8;
    if (count >= 15) {
      count -= 15;
      codes[length++] = codeOf(bits >> count);
      bits &= (1 << count) - 1;
    }
  }
  if (count > 7) codes[length++] = codeOf(bits << (15 - count));
  else if (count > 0) codes[length++] = restStart + (bits << (7 - count));
  let text = "";
  for (let start = 0; start < length; start += 8_192)
    text += String.fromCharCode(...codes.subarray(start, start + 8_192));
  return text;
}

/** Reverses `encodeBase2e15`. Throws `bad-reply` for text outside the alphabet. */
export function decodeBase2e15(text: string): Buffer {
  const bytes = Buffer.alloc(Math.floor((text.length * 15) / 8));
  let bits = 0;
  let count = 0;
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isRest = code >= restStart && code < ranges[0].start;
    if (isRest && i < text.length - 1) throw notBase2e15(i);
    bits = isRest ? (bits << 7) | (code - restStart) : (bits << 15) | valueOf(code, i);
    count += isRest ? 7 : 15;
    while (count >= 8) {
      count -= 8;
      bytes[length++] = (bits >> count) & 0xff;
    }
    bits &= (1 << count) - 1;
  }
  return bytes.subarray(0, length);
}

function codeOf(value: number): number {
  const range = ranges.find(({ to }) => value <= to) ?? ranges[2];
  return range.start + value - range.from;
}

function valueOf(code: number, position: number): number {
  for (const { from, to, start } of ranges) {
    if (code >= start && code <= start + to - from) return from + code - start;
  }
  throw notBase2e15(position);
}

function notBase2e15(position: number): AtError {
  return new AtError("bad-reply", `A binary value is not Base2e15 at character ${position}.`);
}
