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
  // A pair of halves that the cut divides is made whole text again.
  return `“${line.length > longest ? `${line.slice(0, longest).toWellFormed()}…` : line}”`;
}
