import { findNearest, labelsOf, mostChoices, type Named } from "./find-names.ts";
import { largestQuantity } from "./reading.ts";
import { isOrderable, type Names, type NameSlot, type QuantitySlot, type Slots } from "./slots.ts";

export interface Question {
  readonly question: string;
  readonly options: string[];
}

/** One question for all that is open. The nearest names are offered where a name was not found. */
export async function questionFor(slots: Slots, names: Names): Promise<Question> {
  const items = names.items.filter(isOrderable);
  const asked: Ask[] = [
    ...(slots.quantity.state === "open" ? [askQuantity(slots.quantity)] : []),
    ...(slots.item.state === "open" ? [await askName(slots.item, items, "product", "of which product")] : []),
    ...(slots.customer.state === "open"
      ? [await askName(slots.customer, names.customers, "customer", "for which customer")]
      : []),
  ];
  const short = asked.flatMap((each) => (each.short === null ? [] : [each.short]));
  const sentences = asked.flatMap((each) => (each.long === null ? [] : [each.long]));
  const question = [...sentences, ...(short.length === 0 ? [] : [`${capital(listed(short, "and"))}?`])].join(
    " ",
  );
  // Buttons answer one question only.
  return { question, options: asked.length === 1 ? [...(asked[0]?.options ?? [])] : [] };
}

interface Ask {
  /** What is merely missing, to be joined into one sentence. */
  readonly short: string | null;
  /** A sentence of its own. */
  readonly long: string | null;
  readonly options: readonly string[];
}

function askQuantity(slot: Extract<QuantitySlot, { state: "open" }>): Ask {
  const long = (text: string): Ask => ({ short: null, long: text, options: [] });
  switch (slot.problem) {
    case "missing":
      return { short: "how many", long: null, options: [] };
    case "zero":
    case "negative":
      return long("The quantity must be at least 1: how many are needed?");
    case "fraction":
      return long("Only whole numbers can be ordered: how many are needed?");
    case "too-large":
      return long(
        `At most ${largestQuantity.toLocaleString("en")} can be ordered for at once: how many are needed?`,
      );
    case "not-a-number":
      return long("Please give the quantity as a number: how many are needed?");
    case "ambiguous":
      return long("The quantity can be read in more than one way: how many exactly, in plain digits?");
    case "several":
      return { short: "how many", long: "I can order for one product at a time.", options: [] };
    case "conflict":
      return { short: null, long: `Is it ${slot.values.join(" or ")}?`, options: slot.values };
  }
}

async function askName<T extends Named>(
  slot: Extract<NameSlot<T>, { state: "open" }>,
  rows: readonly T[],
  noun: string,
  short: string,
): Promise<Ask> {
  switch (slot.problem) {
    case "missing":
      return { short, long: null, options: [] };
    case "not-orderable": {
      const options = labelsOf(await findNearest(rows, slot.row.name));
      const examples = options.length === 0 ? "" : `, for example ${listed(options, "or")}`;
      const long = `${slot.row.name} is a part or is not made any more: which ${noun} are the parts for${examples}?`;
      return { short: null, long, options };
    }
    case "unclear": {
      const near = slot.rows.length > 1 ? [] : await findNearest(rows, slot.phrase);
      const options = labelsOf([...new Set([...slot.rows, ...near])].slice(0, mostChoices));
      const lead = options.length === 1 ? ", for example " : ": ";
      const choices = options.length === 0 ? "" : `${lead}${listed(options, "or")}`;
      const long = `Which ${noun} do you mean by "${shown(slot.phrase)}"${choices}?`;
      return { short: null, long, options };
    }
  }
}

/** A piece of the writer's text as it may be repeated: one short line without characters that do not show. */
function shown(phrase: string): string {
  const line = phrase.replaceAll(/[\p{C}\s]+/gu, " ").trim();
  const characters = Array.from(line);
  return characters.length > 60 ? `${characters.slice(0, 60).join("")}…` : line;
}

function listed(texts: readonly string[], joiner: "and" | "or"): string {
  const last = texts.at(-1) ?? "";
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(", ")} ${joiner} ${last}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
