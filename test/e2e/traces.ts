import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Finds words in raw bytes, however they were written: as they are, in any case, in UTF-16, hexadecimal or base64. */
export class Traces {
  readonly #forms: readonly { readonly word: string; readonly form: string; readonly bytes: Buffer }[];

  constructor(words: readonly string[]) {
    this.#forms = words.flatMap((word) => {
      const plain = Buffer.from(word);
      const hex = plain.toString("hex");
      return [
        { word, form: "text", bytes: plain },
        { word, form: "lower case", bytes: Buffer.from(word.toLowerCase()) },
        { word, form: "UTF-16", bytes: Buffer.from(word, "utf16le") },
        { word, form: "hexadecimal", bytes: Buffer.from(hex) },
        { word, form: "HEXADECIMAL", bytes: Buffer.from(hex.toUpperCase()) },
        ...base64Forms(plain).map((text) => ({ word, form: "base64", bytes: Buffer.from(text) })),
      ];
    });
  }
  /** One line per form of a word that occurs. */
  in(bytes: Buffer, where: string): readonly string[] {
    return this.#forms
      .filter((each) => bytes.includes(each.bytes))
      .map(({ word, form }) => `${where}: "${word}" as ${form}`);
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
/** All files in a folder and in the folders in it. */
export function files(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((each) => each.isFile())
    .map((each) => path.join(each.parentPath, each.name));
}
