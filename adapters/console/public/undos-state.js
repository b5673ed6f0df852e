import { change, state } from "./store.js";

/** What waits now; what was seen to be settled while the page is open stays. @param {{id: string, card: any}[]} list */
export function takeUndos(list) {
  const fresh = new Map(list.map((each) => [each.id, each]));
  const known = state.undos.map((each) => fresh.get(each.id) ?? each);
  const added = list.filter(({ id }) => !state.undos.some((each) => each.id === id));
  change({ undos: [...known, ...added] });
}
/** @param {{key: string, card: any}} told */
export function tellUndo({ key, card }) {
  const id = key.slice("undo-".length);
  const known = state.undos.some((each) => each.id === id);
  if (known) {
    change({ undos: state.undos.map((each) => (each.id === id ? { id, card } : each)) });
  } else if (card.undo !== null) {
    change({ undos: [...state.undos, { id, card }], announcement: `Needs a person: ${card.title}` });
  }
}
/** How many this person can do something about. */
export function stuckCount() {
  return state.undos.filter(({ card }) => card.undo !== null).length;
}
