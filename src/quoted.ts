const longest = 300;
/** Control characters, line separators and marks that reorder or hide text. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** A text by people or suppliers inside a sentence of ours: one line, in quotation marks, cut when it is long. */
export function quoted(text: string): string {
  const line = text
    .toWellFormed()
    .replaceAll(/[\r\n\t]+/g, " ")
    .replaceAll(unsafe, "\u{FFFD}")
    .replaceAll(/["“”„]/g, "'")
    .trim();
  const letters = [...line];
  return `“${letters.length > longest ? `${letters.slice(0, longest).join("")}…` : line}”`;
}
