/**
 * What the page knows. Views read `state` and are drawn again after every change.
 *
 * @typedef {{key: string, card: any}} KeyedCard
 * @typedef {{key: string, text: string, problem: string | null}} Unsent
 * @typedef {{
 *   run: string | null, thread: string, status: string, createdAt: number, requestText: string,
 *   dialogue: {question: string, answer: string}[], cards: KeyedCard[], unsent: Unsent | null,
 * }} Conversation
 */
export const state = {
  me: /** @type {{id: string, name: string, roles: string[]} | null} */ (null),
  demo: false,
  /** "lost" shows the banner. */
  connection: /** @type {"new" | "live" | "lost"} */ ("new"),
  /** Oldest first. */
  conversations: /** @type {Conversation[] | null} */ (null),
  /** In the order in which they are shown; a card never changes its place while the page is open. */
  approvals: /** @type {{id: string, card: any}[] | null} */ (null),
  /** Those that need a person, and those that were seen to be settled. */
  undos: /** @type {{id: string, card: any}[]} */ ([]),
  requests: /** @type {any[] | null} */ (null),
  /** Decisions that somebody took alone and this person may review. */
  reviews: /** @type {any[]} */ ([]),
  safety:
    /** @type {{freeze: {by: string, at: string, reason: string, lifting: string[]} | null, shadow: string[]}} */ ({
      freeze: null,
      shadow: [],
    }),
  /** The freeze's reason is being asked for. */
  freezing: false,
  notice: "",
  /** Read out by screen readers. */
  announcement: "",
};

const listeners = new Set();

/** @param {Partial<typeof state>} change */
export function change(change) {
  Object.assign(state, change);
  for (const listener of listeners) {
    listener();
  }
}
/** @param {() => void} listener */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
