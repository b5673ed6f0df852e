import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { constants, gunzipSync, inflateSync } from "node:zlib";
import type { PlanDocument } from "../../src/domain.ts";

const shortest = 7;
const nothing: readonly Form[] = [];

interface Form {
  readonly word: string;
  readonly form: string;
  readonly bytes: Buffer;
}

/**
 * Finds words in raw bytes, however they were written: as they are, in lower case, in UTF-16, hexadecimal, base64 (also of
 * UTF-16), percent-encoded or compressed.
 */
export class Traces {
  /** By their first two bytes: one pass over the bytes finds them all. */
  readonly #forms = new Map<number, Form[]>();

  constructor(words: readonly string[]) {
    const forms = words.flatMap((word): Form[] => {
      const plain = Buffer.from(word);
      const utf16 = Buffer.from(word, "utf16le");
      const hex = plain.toString("hex");
      return [
        { word, form: "text", bytes: plain },
        { word, form: "lower case", bytes: Buffer.from(word.toLowerCase()) },
        { word, form: "UTF-16", bytes: utf16 },
        { word, form: "UTF-16, big end first", bytes: Buffer.from(utf16).swap16() },
        ...[encodeURIComponent(word), encodeURIComponent(word).replaceAll("%20", "+")].map((text) => ({
          word,
          form: "percent-encoded",
          bytes: Buffer.from(text),
        })),
        { word, form: "hexadecimal", bytes: Buffer.from(hex) },
        { word, form: "HEXADECIMAL", bytes: Buffer.from(hex.toUpperCase()) },
        ...[plain, utf16].flatMap((each) =>
          base64Forms(each).map((text) => ({ word, form: "base64", bytes: Buffer.from(text) })),
        ),
      ];
    });
    for (const each of forms) {
      const start = each.bytes.readUInt16BE();
      this.#forms.set(start, [...(this.#forms.get(start) ?? []), each]);
    }
  }
  /** One line per form of a word that occurs. */
  in(bytes: Buffer, where: string): readonly string[] {
    const found = new Set<Form>();
    for (let at = 0; at + 1 < bytes.length; at++) {
      for (const each of this.#forms.get(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)) ?? nothing) {
        const end = at + each.bytes.length;
        if (end <= bytes.length && bytes.compare(each.bytes, 0, each.bytes.length, at, end) === 0) {
          found.add(each);
        }
      }
    }
    const lines = [...found].map(({ word, form }) => `${where}: "${word}" as ${form}`);
    return [...lines, ...inflated(bytes).flatMap((inner) => this.in(inner, `${where}, compressed`))];
  }
  inFiles(names: readonly string[]): readonly string[] {
    return names.flatMap((file) => this.in(readFileSync(file), file));
  }
}

/** What the base64 of any text with these bytes in it must contain, for each of the three places they can start at. */
function base64Forms(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // First and last characters also hold bits of the neighbours.
    const inner = text.slice(offset === 0 ? 0 : offset + 1, -1);
    return [inner, inner.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
/** What looks compressed (gzip, zlib), as far as it can be read. */
function inflated(bytes: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  for (const [magic, read] of [
    [Buffer.from([0x1f, 0x8b, 0x08]), gunzipSync],
    ...[0x01, 0x5e, 0x9c, 0xda].map((level) => [Buffer.from([0x78, level]), inflateSync] as const),
  ] as const) {
    for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
      try {
        const inner = read(bytes.subarray(at), {
          finishFlush: constants.Z_SYNC_FLUSH,
          maxOutputLength: 50_000_000,
        });
        if (inner.length >= shortest) {
          found.push(inner);
        }
      } catch {
        // it only looked so
      }
    }
  }
  return found;
}
/**
 * Names, addresses, prices, bank accounts, quantities and free text of a plan and of those who asked, long enough to be no
 * accident.
 */
export function wordsOf(plan: PlanDocument, ...others: readonly string[]): readonly string[] {
  const { shipTo, orders, quote, tradeOff } = plan;
  const words = [
    ...others,
    shipTo.street,
    tradeOff,
    plan.total.amount,
    quote.total.amount,
    ...orders.flatMap((order) => [
      order.supplierName,
      order.bankAccount,
      order.total.amount,
      ...order.lines.flatMap((line) => [line.description, line.total.amount]),
    ]),
  ];
  return [...new Set(words)].filter((word) => word.length >= shortest);
}
/** All files in a folder and in the folders in it. */
export function files(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((each) => each.isFile())
    .map((each) => path.join(each.parentPath, each.name));
}
