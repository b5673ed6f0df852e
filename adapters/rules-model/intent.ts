import { distance } from "fastest-levenshtein";
import { type Token, wordAt } from "./tokens.ts";
import {
  articles,
  buildVerbs,
  cancelVerbs,
  customerCues,
  genericNouns,
  mistypedVerbs,
  needParticiples,
  needVerbs,
  orderParticiples,
  orderVerbs,
  plainOrderVerbs,
  politeness,
  questionWords,
} from "./words.ts";

/** What a message's verbs say about ordering. */
export interface Signs {
  /** It is a question, a report, a withdrawal or a negation: never to be taken for an order. */
  readonly forbids: boolean;
  /** It says "order", "buy" or the like and means it. */
  readonly orders: boolean;
  /** It says "need", "get", "build": an order only together with goods, an amount or a customer. */
  readonly hints: boolean;
  /** It speaks of parts or of a customer. */
  readonly ofTrade: boolean;
}

/** Reads the sentences of one message: what is said about ordering, and whether it is meant to happen. */
export function readSigns(tokens: readonly Token[]): Signs {
  const sentences = [...Map.groupBy(tokens, (token) => token.sentence).values()];
  const words = tokens.filter((token) => token.quote === null).map((token) => token.lower);
  const places = sentences.flatMap((sentence) => sentence.map((_, i) => ({ sentence, i })));
  const orders = places.some(({ sentence, i }) => isPlainOrder(sentence, i));
  return {
    forbids: sentences.some(
      (each) => withdraws(each) || negates(each) || enquires(each) || (reports(each) && !orders),
    ),
    orders,
    hints: places.some(({ sentence, i }) => isHint(sentence, i)),
    ofTrade: words.some((word) => /^(parts|components|materials?)$/.test(word) || customerCues.has(word)),
  };
}

/** True for verbs that are not about needing goods; a message without any may still be an order. */
export function isOtherVerb(token: Token): boolean {
  const harmless =
    token.tags.has("Particle") ||
    genericNouns.has(token.lower) ||
    needParticiples.has(token.lower) ||
    politeness.has(token.lower);
  return token.tags.has("Verb") && token.quote === null && !harmless;
}

/** True for a verb of ordering, or a word that by one slip of the finger was meant to be one. */
export function isOrderVerb(token: Token | undefined): boolean {
  return token !== undefined && (orderVerbs.has(token.lower) || isMistyped(token));
}

function isMistyped(token: Token): boolean {
  if (token.tags.has("Adjective") || token.tags.has("ProperNoun") || token.lower.length < 4) {
    return false;
  }
  return mistypedVerbs.some(
    (verb) => verb[0] === token.lower[0] && distance(verb, token.lower) <= (verb.length > 6 ? 2 : 1),
  );
}

function isPlainOrder(sentence: readonly Token[], i: number): boolean {
  const token = sentence[i];
  if (token === undefined || token.quote !== null || isNounHere(sentence, i)) {
    return false;
  }
  // "to be ordered", "have the parts ordered"
  const object = sentence.slice(0, Math.max(0, i - 2)).some((each) => /^(have|get)$/.test(each.lower));
  const done = sentence.slice(0, i).some((each) => /^(been|already|i|we've|i've)$/.test(each.lower));
  const passive =
    orderParticiples.has(token.lower) && !done && (object || /^(be|get|gets)$/.test(wordAt(sentence, i - 1)));
  return passive || plainOrderVerbs.has(token.lower) || isMistyped(token);
}

function isHint(sentence: readonly Token[], i: number): boolean {
  const { lower, quote } = sentence[i] ?? { lower: "", quote: null };
  if (quote !== null || isNounHere(sentence, i)) {
    return false;
  }
  const next = wordAt(sentence, i + 2);
  // "I need to pay": the second verb says what it is about.
  const other =
    wordAt(sentence, i + 1) === "to" && !orderVerbs.has(next) && !buildVerbs.has(next) && next !== "be";
  return (
    (needVerbs.has(lower) && !other) ||
    needParticiples.has(lower) ||
    orderVerbs.has(lower) ||
    buildVerbs.has(lower) ||
    isTradeLead(sentence, i)
  );
}

/** "parts for": a request without a verb of its own. */
function isTradeLead(sentence: readonly Token[], i: number): boolean {
  const after = sentence.slice(i + 1, i + 8);
  return (
    /^(parts|components|materials?)$/.test(wordAt(sentence, i)) &&
    after.some((token) => token.lower === "for")
  );
}

/** "the open request": behind an article or adjective the word is a noun. */
function isNounHere(sentence: readonly Token[], i: number): boolean {
  const before = sentence[i - 1];
  if (before === undefined || politeness.has(before.lower)) {
    return false;
  }
  return articles.has(before.lower) || before.tags.has("Adjective") || before.tags.has("Possessive");
}

/** "cancel the order", "return 50 widgets"; only where a verb stands: "50 return springs" is a product. */
function withdraws(sentence: readonly Token[]): boolean {
  const first = sentence.findIndex((token) => !politeness.has(token.lower));
  return sentence.some((token, i) => {
    const opens =
      i === first || /^(please|to|and|you|i|we|let's|just|must|should)$/.test(wordAt(sentence, i - 1));
    const next = sentence[i + 1];
    const object =
      next === undefined ||
      articles.has(next.lower) ||
      next.tags.has("Value") ||
      next.tags.has("Pronoun") ||
      next.amount ||
      genericNouns.has(next.lower) ||
      /^(if|how|whether|for|all|off|ordering|buying)$/.test(next.lower);
    return opens && object && token.quote === null && cancelVerbs.has(token.lower);
  });
}

/** "do not order", "we no longer need"; "don't forget to order" is a request. */
function negates(sentence: readonly Token[]): boolean {
  const words = sentence.map((token) => token.lower);
  if (
    /\b(not|n't|dont|never) (forget|hesitate|wait|delay|fail)\b/.test(
      words.join(" ").replaceAll("n't", " n't"),
    )
  ) {
    return false;
  }
  const no = words.findIndex((word) =>
    /^(not|never|without|stop|hold|instead|dont|cannot|nobody)$|n't$/.test(word),
  );
  const noLonger = words.findIndex(
    (word, i) => word === "no" && /^(longer|need|one|order)$/.test(words[i + 1] ?? ""),
  );
  const from = no < 0 ? noLonger : no;
  return (
    from >= 0 &&
    sentence.some((token, i) => i > from && (isVerbOfTrade(token) || orderParticiples.has(token.lower)))
  );
}

function isVerbOfTrade(token: Token): boolean {
  return (
    isOrderVerb(token) || needVerbs.has(token.lower) || buildVerbs.has(token.lower) || token.lower === "go"
  );
}

/** "did you order …?", "how many …"; "can you order …?" and "would it be possible to get …?" are requests. */
function enquires(sentence: readonly Token[]): boolean {
  const words = sentence.map((token) => token.lower).filter((word) => !politeness.has(word));
  const text = words.join(" ");
  if (!questionWords.has(words[0] ?? "") || /^(is|would) it (be )?possible to /.test(text)) {
    return false;
  }
  // "Have the parts ordered." is a command, "Have the parts been ordered?" is not.
  return !(words[0] === "have" && !/\bbeen\b/.test(text) && !/\?/.test(sentence.at(-1)?.post ?? ""));
}

/** "I ordered … yesterday", "the parts have been ordered" */
function reports(sentence: readonly Token[]): boolean {
  const words = sentence.map((token) => token.lower);
  return words.some((word, i) => {
    const before = words.slice(Math.max(0, i - 4), i);
    const done = before.some((each) =>
      /^(i|we|they|you|he|she|already|was|were|been|got|has|have|had|i've|we've)$/.test(each),
    );
    const wanted =
      before.some((each) => /^(be|get|need|needs|must|to)$/.test(each)) ||
      before.includes("please") ||
      words[0] === "have";
    return orderParticiples.has(word) && words[i + 1] !== "to" && done && !wanted && !before.includes("from");
  });
}
