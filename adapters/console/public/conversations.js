import { get, post } from "./api.js";
import { change, state } from "./store.js";

/** @typedef {import("./store.js").Conversation} Conversation */

const order = ["progress", "question", "approval", "undo", "result"];

/** The place of a card in its conversation; a question has one place, whatever its number. @param {string} key */
function placeOf(key, run) {
  return key.startsWith("question-") ? `question-${run}` : key;
}
/** The desk's account of a conversation, over what is known of it here. @param {any} told @param {boolean} [answered] */
function conversationOf(told, answered = false) {
  const known = state.conversations?.find((each) => each.thread === told.thread);
  const cards = told.cards.map(({ key, card }) => ({ key: placeOf(key, told.run), card }));
  return { ...told, cards, unsent: answered ? null : stillUnsent(told, known) };
}
/** What is being sent from here and is not in the desk's account yet. @param {any} told @param {Conversation} [known] */
function stillUnsent(told, known) {
  if (known === undefined || known.unsent === null || known.run === null) {
    return null;
  }
  const arrived =
    told.dialogue.length > known.dialogue.length && told.dialogue.at(-1).answer === known.unsent.text;
  return arrived ? null : known.unsent;
}

/** The desk's list, newest first; what is still being sent from here stays. @param {any[]} list */
export function takeConversations(list) {
  const sending = (state.conversations ?? []).filter(
    (each) => each.run === null && !list.some((other) => other.thread === each.thread),
  );
  change({ conversations: [...list.toReversed().map((told) => conversationOf(told)), ...sending] });
}
/** Brings one conversation in, where it is or at the end. @param {Conversation} conversation */
function put(conversation) {
  const list = state.conversations ?? [];
  const at = list.findIndex((each) => each.thread === conversation.thread);
  change({ conversations: at < 0 ? [...list, conversation] : list.with(at, conversation) });
}
/** @param {string} thread @param {(conversation: Conversation) => Conversation} edit */
function edit(thread, edit) {
  const found = state.conversations?.find((each) => each.thread === thread);
  if (found !== undefined) {
    put(edit(found));
  }
}
/** How many live changes of a run were heard; @type {Map<string, number>} */
const heard = new Map();
const mostLooks = 5;

/** @param {string} run @param {boolean} [answered] the message that was being sent has arrived */
async function reload(run, answered) {
  let told;
  for (let looks = 0, before = -1; looks < mostLooks && before !== (heard.get(run) ?? 0); looks += 1) {
    // What changed while the answer was on its way would be overwritten by it: look again.
    before = heard.get(run) ?? 0;
    told = await get(`/chat/${encodeURIComponent(run)}`);
  }
  if (told.thread.startsWith(threadPrefix())) {
    put(conversationOf(told, answered));
  }
}
function threadPrefix() {
  return `console:${encodeURIComponent(state.me?.id ?? "")}-`;
}

/** A card of one's own was posted or changed. @param {{key: string, card: any}} told */
export function tellConversation({ key, card }) {
  if (card.run === null) {
    return;
  }
  heard.set(card.run, (heard.get(card.run) ?? 0) + 1);
  const found = state.conversations?.find((each) => each.run === card.run);
  if (found === undefined || (card.kind === "question" && card.tone !== "waiting")) {
    // Not known yet, or a question that was just answered: its dialogue is the desk's to tell.
    reload(card.run).catch(() => undefined);
    return;
  }
  const place = placeOf(key, card.run);
  const others = found.cards.filter((each) => each.key !== place);
  const cards = [...others, { key: place, card }].sort(
    (a, b) => order.indexOf(a.card.kind) - order.indexOf(b.card.kind),
  );
  put({ ...found, cards });
  if (card.kind !== "progress") {
    change({ announcement: `${card.title}. ${card.text}` });
  }
}

/** Starts a request, or with a thread answers its question. @param {string} text @param {string} [thread] */
export function send(text, thread) {
  const key = crypto.randomUUID();
  const unsent = { key, text, problem: null };
  if (thread === undefined) {
    put({
      run: null,
      thread: threadPrefix() + key.replaceAll("-", ""),
      status: "running",
      createdAt: Date.now(),
      requestText: text,
      dialogue: [],
      cards: [],
      unsent,
    });
    return deliver(threadPrefix() + key.replaceAll("-", ""), unsent);
  }
  edit(thread, (each) => ({ ...each, unsent }));
  return deliver(thread, unsent);
}
/** Sends once more under the same key: what had arrived is not doubled. @param {Conversation} conversation */
export function sendAgain({ thread, unsent }) {
  if (unsent !== null) {
    edit(thread, (each) => ({ ...each, unsent: { ...unsent, problem: null } }));
    return deliver(thread, unsent);
  }
}
/** Forgets a message that could not be sent. @param {Conversation} conversation */
export function discard({ run, thread }) {
  if (run === null) {
    change({ conversations: (state.conversations ?? []).filter((each) => each.thread !== thread) });
  } else {
    edit(thread, (each) => ({ ...each, unsent: null }));
  }
}
/** @param {string} thread @param {import("./store.js").Unsent} unsent */
async function deliver(thread, unsent) {
  const fail = (problem) => edit(thread, (each) => ({ ...each, unsent: { ...unsent, problem } }));
  try {
    const answer = await post("/requests", { key: unsent.key, text: unsent.text, thread });
    if (answer.outcome === "refused") {
      fail(answer.error.message);
      return;
    }
    await reload(answer.run, true);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
}
