import type nlp from "compromise";
import { z } from "zod";

/** The library, handed around because it is loaded only where the model runs. */
export type Nlp = typeof nlp;

/** One word of a message as the library saw it, with its place in the text. */
export interface Token {
  /** Without surrounding punctuation. */
  readonly text: string;
  readonly lower: string;
  readonly tags: ReadonlySet<string>;
  readonly start: number;
  readonly end: number;
  /** Punctuation and spaces directly before and after. */
  readonly pre: string;
  readonly post: string;
  readonly sentence: number;
  /** Words inside one pair of quotation marks share a number; null outside. */
  readonly quote: number | null;
  /** Part of an amount of goods, so never of a name. */
  readonly amount: boolean;
}

const sentencesSchema = z.array(
  z.object({
    terms: z.array(
      z.object({ text: z.string(), pre: z.string(), post: z.string(), tags: z.array(z.string()) }),
    ),
  }),
);

/** The text with one kind of quotation mark, dash and space; phrases are cut from this form. */
export function normaliseText(text: string): string {
  return text
    .replace(/[\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF\u00AD]/g, "")
    .replace(/(\d?)\s*([¼½¾⅓⅔])/g, (_, whole: string) => (whole === "" ? "0.5 " : `${whole}.5 `))
    .normalize("NFKC")
    .replace(/[“”„‟«»″]/g, '"')
    .replace(/(^|[\s(])['‘]([^'‘’\n]{1,80})['’](?=$|[\s).,;:!?])/g, '$1"$2"')
    .replace(/[‘’‛′]/g, "'")
    .replace(/\s+[‐-―−]+\s+/g, " - ")
    .replace(/[‐-―−]/g, "-")
    .replace(/\s+[/|]\s+/g, ", ")
    .replace(/[\t\v\f\r ]+/g, " ")
    .trim();
}

/** Words, their parts of speech and places; the text must be normalised. */
export function tokenise(library: Nlp, original: string): readonly Token[] {
  // In a text of capitals only, capitals say nothing.
  const quiet = original.toLowerCase();
  const text = original === original.toUpperCase() && quiet.length === original.length ? quiet : original;
  const sentences = sentencesSchema.parse(
    library(text).json({ terms: { text: true, tags: true, whitespace: true } }),
  );
  const tokens: Token[] = [];
  let offset = 0;
  let quote = 0;
  let inQuote = false;
  for (const [sentence, { terms }] of sentences.entries()) {
    for (const { text: word, pre, post, tags } of terms) {
      const start = offset + pre.length;
      offset = start + word.length + post.length;
      if (pre.includes('"') && !inQuote && text.includes('"', start)) {
        inQuote = true;
        quote += 1;
      }
      if (word !== "") {
        const end = start + word.length;
        const lower = word.toLowerCase();
        const place = { start, end, pre, post, sentence, quote: inQuote ? quote : null, amount: false };
        tokens.push({ text: word, lower, tags: new Set(tags), ...place });
      }
      if (post.includes('"')) {
        inQuote = false;
      }
    }
  }
  return tokens;
}

/** True when a comma, bracket, colon, spaced dash, line or sentence ends after token `i`; also at both ends. */
export function breaksAfter(tokens: readonly Token[], i: number): boolean {
  const here = tokens[i];
  const next = tokens[i + 1];
  if (here === undefined || next === undefined || here.sentence !== next.sentence) {
    return true;
  }
  if (here.quote !== null && here.quote === next.quote) {
    return false;
  }
  return /[,;:()!?\n=]| -+ |\.\.|"/.test(here.post + next.pre);
}

/** The words from token `from` up to, not including, token `to`, exactly as written. */
export function phraseOf(text: string, tokens: readonly Token[], from: number, to: number): string {
  const first = tokens[from];
  const last = tokens[to - 1];
  return first === undefined || last === undefined ? "" : text.slice(first.start, last.end).trim();
}

/** True for a word inside quotation marks. */
export function isQuoted(token: Token | undefined): boolean {
  return token !== undefined && token.quote !== null;
}

/** The word at `i` in lower case; empty outside the message. */
export function wordAt(tokens: readonly Token[], i: number): string {
  return tokens[i]?.lower ?? "";
}

/** True for words that begin with a capital letter or a digit, as names do. */
export function isNameLike(token: Token | undefined): boolean {
  return token !== undefined && /^[\p{Lu}\p{N}]/u.test(token.text);
}
