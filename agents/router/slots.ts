import type { Customer, Item } from "../../src/book-rows.ts";
import { findCustomers, findItems, type Named } from "./find-names.ts";
import type { Reading } from "./reading.ts";

/** A name that must become one row of the books. */
export type NameSlot<T extends Named> =
  | { readonly state: "found"; readonly row: T }
  | { readonly state: "open"; readonly problem: "missing" }
  /** Rows that the phrase names, or that an earlier one did: none, or several to choose from. */
  | {
      readonly state: "open";
      readonly problem: "unclear";
      readonly phrase: string;
      readonly rows: readonly T[];
    }
  /** Exactly named, but nothing can be ordered for it. */
  | { readonly state: "open"; readonly problem: "not-orderable"; readonly row: T };
type QuantityProblem = NonNullable<Reading["quantity"]["problem"]>;
export type QuantitySlot =
  | { readonly state: "found"; readonly value: string }
  | { readonly state: "open"; readonly problem: QuantityProblem }
  | { readonly state: "open"; readonly problem: "conflict"; readonly values: readonly [string, string] };

/** What is known of an order after some of its messages. */
export interface Slots {
  readonly isOrder: boolean;
  readonly customer: NameSlot<Customer>;
  readonly item: NameSlot<Item>;
  readonly quantity: QuantitySlot;
}
export interface Names {
  readonly customers: readonly Customer[];
  readonly items: readonly Item[];
}

const nothing: Slots = {
  isOrder: false,
  customer: { state: "open", problem: "missing" },
  item: { state: "open", problem: "missing" },
  quantity: { state: "open", problem: "missing" },
};

/**
 * Fills the slots from the request and then, one after the other, from the answers. An answer fills what was open
 * when it was given; where it contradicts what was found before, that is open again and asked for.
 */
export function fillSlots(
  names: Names,
  messages: readonly { readonly text: string; readonly reading: Reading }[],
): Slots {
  let slots = nothing;
  for (const { text, reading } of messages) {
    if (reading.intent === "withdrawn") {
      continue;
    }
    const isComplete =
      reading.intent === "order-parts" &&
      reading.itemPhrase !== undefined &&
      reading.customerPhrase !== undefined &&
      reading.quantity.value !== undefined;
    const before = isComplete ? nothing : slots;
    const direct = before.isOrder ? directAnswer(names, before, text) : undefined;
    slots = orderable(direct ?? merge(names, before, reading, before.isOrder ? text : null));
  }
  return slots;
}

/** Only what is made, still made and sold has parts that can be ordered for a customer. */
export function isOrderable(item: Item): boolean {
  return item.kind !== "part" && item.active === "yes" && item.listPrice !== "";
}

function orderable(slots: Slots): Slots {
  const { item } = slots;
  return item.state === "open" || isOrderable(item.row)
    ? slots
    : { ...slots, item: { state: "open", problem: "not-orderable", row: item.row } };
}

/** An answer that is, as a whole, the name of something asked for. */
function directAnswer(names: Names, slots: Slots, text: string): Slots | undefined {
  const customers = slots.customer.state === "open" ? findCustomers(names.customers, text) : [];
  const items = slots.item.state === "open" ? findItems(names.items, text) : [];
  const [customer, item] = [customers[0], items[0]];
  if (customers.length === 1 && customer !== undefined && items.length === 0) {
    return { ...slots, customer: { state: "found", row: customer } };
  }
  if (items.length === 1 && item !== undefined && customers.length === 0) {
    return { ...slots, item: { state: "found", row: item } };
  }
  return undefined;
}

/** `answer` is the text where it may be a bare name; null for a message that is not an answer. */
function merge(names: Names, slots: Slots, reading: Reading, answer: string | null): Slots {
  const silent =
    reading.itemPhrase === undefined && reading.customerPhrase === undefined && isSilent(reading.quantity);
  const bare = answer !== null && silent ? answer.trim() : "";
  const openNames = [slots.customer, slots.item].filter((slot) => slot.state === "open").length;
  const phraseFor = (slot: NameSlot<Named>, phrase: string | undefined) =>
    phrase ?? (bare !== "" && openNames === 1 && slot.state === "open" ? bare : undefined);
  const several = reading.quantity.problem === "several";
  const item = mergeName(slots.item, phraseFor(slots.item, reading.itemPhrase), (phrase) =>
    findItems(names.items, phrase),
  );
  const customer = mergeName(slots.customer, phraseFor(slots.customer, reading.customerPhrase), (phrase) =>
    findCustomers(names.customers, phrase),
  );
  return {
    isOrder: slots.isOrder || reading.intent === "order-parts",
    customer,
    item: several ? nothing.item : item,
    quantity: mergeQuantity(slots.quantity, reading.quantity),
  };
}

function mergeName<T extends Named>(
  slot: NameSlot<T>,
  phrase: string | undefined,
  find: (phrase: string) => readonly T[],
): NameSlot<T> {
  if (phrase === undefined) {
    return slot;
  }
  const exact = find(phrase);
  const [row] = exact;
  const isSame = slot.state === "found" && row !== undefined && exact.length === 1 && row.id === slot.row.id;
  if (row !== undefined && exact.length === 1 && (slot.state === "open" || isSame)) {
    return { state: "found", row };
  }
  // A second name for what was found: both are offered.
  const named =
    slot.state === "found" ? [slot.row, ...exact.filter((each) => each.id !== slot.row.id)] : exact;
  return { state: "open", problem: "unclear", phrase, rows: named };
}

function isSilent({ value, problem }: Reading["quantity"]): boolean {
  return value === undefined && (problem === undefined || problem === "missing");
}

function mergeQuantity(slot: QuantitySlot, said: Reading["quantity"]): QuantitySlot {
  if (isSilent(said)) {
    return slot;
  }
  if (said.value === undefined) {
    return { state: "open", problem: said.problem ?? "missing" };
  }
  if (slot.state === "found" && slot.value !== said.value) {
    return { state: "open", problem: "conflict", values: [slot.value, said.value] };
  }
  return { state: "found", value: said.value };
}
