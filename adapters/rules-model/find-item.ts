import { isOrderVerb } from "./intent.ts";
import { itemFrom, nameFrom, skipArticles, type Span } from "./names.ts";
import type { Mention } from "./quantity.ts";
import { breaksAfter, type Token, wordAt } from "./tokens.ts";
import {
  articles,
  buildVerbs,
  containers,
  customerCues,
  genericNouns,
  needVerbs,
  orderVerbs,
  politeness,
} from "./words.ts";

const goods =
  /^(parts?|components?|materials?|everything|stuff|supplies|kits?|pieces|goods|whatever|what|all)$/;

/** The product's name where no amount stands before it. */
export function findItem(tokens: readonly Token[], mentions: readonly Mention[]): Span | undefined {
  return (
    labelledItem(tokens) ??
    itemBehindParts(tokens) ??
    itemBehindVerb(tokens) ??
    itemBeforeAmount(tokens, mentions) ??
    leadingItem(tokens)
  );
}

/** "product: widget" */
function labelledItem(tokens: readonly Token[]): Span | undefined {
  const label = tokens.findIndex(
    (token) => /^(item|product|assembly)$/.test(token.lower) && /[:=]/.test(token.post),
  );
  return label < 0 ? undefined : itemFrom(tokens, label + 1);
}

/** "parts for widgets", "what we need to build widgets" */
function itemBehindParts(tokens: readonly Token[]): Span | undefined {
  const parts = tokens.findIndex((token) => token.quote === null && goods.test(token.lower));
  const lead = tokens.findIndex(
    (token, i) =>
      parts >= 0 && i > parts && i < parts + 8 && (token.lower === "for" || buildVerbs.has(token.lower)),
  );
  if (lead < 0) {
    return undefined;
  }
  const start = buildVerbs.has(wordAt(tokens, lead + 1)) ? lead + 2 : lead + 1;
  return customerCues.has(wordAt(tokens, skipArticles(tokens, start)))
    ? undefined
    : behindContainer(tokens, itemFrom(tokens, start));
}

/** "build widgets", "order widgets", "need widgets" */
function itemBehindVerb(tokens: readonly Token[]): Span | undefined {
  const kinds = [
    (token: Token) => buildVerbs.has(token.lower),
    isOrderVerb,
    (token: Token) => needVerbs.has(token.lower),
  ];
  for (const isVerb of kinds) {
    const at = tokens.findIndex(
      (token, i) => isVerb(token) && token.quote === null && !articles.has(wordAt(tokens, i - 1)),
    );
    const item = at < 0 || breaksAfter(tokens, at) ? undefined : itemFrom(tokens, at + 1);
    if (item !== undefined && !isVerbOfTrade(wordAt(tokens, item.from))) {
      return behindContainer(tokens, item);
    }
  }
  return undefined;
}

/** "widgets x 50", "widgets 50" */
function itemBeforeAmount(tokens: readonly Token[], mentions: readonly Mention[]): Span | undefined {
  const amount = mentions.find((each) => each.from > 0 && !breaksAfter(tokens, each.from - 1));
  if (amount === undefined) {
    return undefined;
  }
  let from = amount.from;
  while (
    from > 0 &&
    isNamePart(tokens[from - 1]) &&
    (from === amount.from || !breaksAfter(tokens, from - 1))
  ) {
    from -= 1;
  }
  return from === amount.from ? undefined : { from, to: amount.from };
}

function isNamePart(token: Token | undefined): boolean {
  return token?.tags.has("Noun") === true && !genericNouns.has(token.lower) && !isVerbOfTrade(token.lower);
}

/** "Widgets for Customer XYZ" */
function leadingItem(tokens: readonly Token[]): Span | undefined {
  const first = tokens.findIndex((token) => !politeness.has(token.lower));
  const name = nameFrom(tokens, skipArticles(tokens, Math.max(first, 0)), "item");
  const word = wordAt(tokens, name.from);
  const general = genericNouns.has(word) || customerCues.has(word) || isVerbOfTrade(word);
  return name.to > name.from && !general && wordAt(tokens, name.to) === "for" ? name : undefined;
}

/** "a batch of widgets" names widgets. */
function behindContainer(tokens: readonly Token[], item: Span | undefined): Span | undefined {
  const contains =
    item !== undefined && containers.has(wordAt(tokens, item.from)) && wordAt(tokens, item.from + 1) === "of";
  return contains ? itemFrom(tokens, item.from + 2) : item;
}

function isVerbOfTrade(word: string): boolean {
  return orderVerbs.has(word) || buildVerbs.has(word) || needVerbs.has(word);
}
