import { change, state } from "./store.js";

/** @param {{approval: {id: string, createdAt: number}, card: any}[]} list open first, newest first */
export function takeApprovals(list) {
  const fresh = list.map(({ approval, card }) => ({ id: approval.id, card }));
  if (state.approvals === null) {
    const open = fresh.filter((each) => each.card.approval !== null);
    // The longest waiting one comes first; one that comes in later goes below, never under somebody's pointer.
    change({ approvals: [...open.toReversed(), ...fresh.filter((each) => each.card.approval === null)] });
    return;
  }
  const byId = new Map(fresh.map((each) => [each.id, each]));
  change({ approvals: state.approvals.map((each) => byId.get(each.id) ?? each) });
  for (const each of fresh.toReversed()) {
    place(each);
  }
}
/** @param {{key: string, card: any}} told */
export function tellApproval({ key, card }) {
  place({ id: key.slice("approval-".length), card });
}
/** @param {{id: string, card: any}} item */
function place(item) {
  const list = state.approvals ?? [];
  if (list.some((each) => each.id === item.id)) {
    change({ approvals: list.map((each) => (each.id === item.id ? item : each)) });
    return;
  }
  const lastOpen = list.findLastIndex((each) => each.card.approval !== null);
  change({ approvals: list.toSpliced(lastOpen + 1, 0, item) });
  if (item.card.approval !== null) {
    change({ announcement: `To decide: ${item.card.title}` });
  }
}
/** How many wait for a decision that this person may take. */
export function openCount() {
  const open = (state.approvals ?? []).filter((each) => each.card.approval !== null);
  return open.filter((each) => !each.card.approval.authors.includes(state.me?.id)).length;
}
