import { EventEmitter } from "node:events";
import type { Card } from "../../src/card.ts";
import type { ThreadId } from "../../src/domain.ts";
import type { ChatAdapter } from "../../src/ports.ts";

export interface TerminalAdapter extends ChatAdapter {
  /** Called with every card posted or changed in the thread, until the returned function is called. */
  subscribe(thread: ThreadId, listener: (key: string, card: Card) => void): () => void;
  /** How many are listening now. */
  clients(): number;
}

/**
 * Chat in a terminal: cards go to whoever listens to the thread now. Nothing is kept: a client that connects later
 * asks for the run's cards, and a card posted twice under its key is the same card.
 */
export function createTerminalAdapter(): TerminalAdapter {
  const events = new EventEmitter({ captureRejections: false }).setMaxListeners(0);
  const tell = (thread: string, key: string, card: Card) => events.emit(thread, key, card);
  return {
    name: "terminal",
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    post(thread, card, { key }) {
      tell(thread, key, card);
      return Promise.resolve(`${thread}|${key}`);
    },
    update(message, card) {
      // Keys are made of ids, which hold no "|".
      const cut = message.lastIndexOf("|");
      tell(message.slice(0, cut), message.slice(cut + 1), card);
      return Promise.resolve("ok");
    },
    whisper: () => Promise.resolve(),
    subscribe(thread, listener) {
      events.on(thread, listener);
      return () => events.off(thread, listener);
    },
    clients: () => events.eventNames().reduce((sum, name) => sum + events.listenerCount(name), 0),
  };
}
