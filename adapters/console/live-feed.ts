import type { Card } from "../../src/card.ts";
import type { Desk } from "../../src/desk-types.ts";
import type { PersonId } from "../../src/domain.ts";
import { toErrorInfo } from "../../src/errors.ts";
import type { Logger } from "../../src/ports.ts";

/** What a page is told while it is open. */
export type LiveEvent =
  | { readonly type: "card"; readonly key: string; readonly card: Card }
  | { readonly type: "notice"; readonly text: string };

export interface LiveFeed {
  /** Until the returned function is called; `close` ends the page's stream. */
  open(person: PersonId, send: (event: LiveEvent) => void, close: () => void): () => void;
  /** A card of `owner`'s thread was posted or changed. */
  card(owner: PersonId, key: string, card: Card): void;
  notice(person: PersonId, text: string): void;
  /** Who has a page open. */
  people(): readonly PersonId[];
  /** Resolves when all that was told has been sent on. */
  idle(): Promise<void>;
  close(): void;
}

/**
 * Passes cards on to open pages: to their owner as they are; an approval card also to everyone else whom the desk
 * lets see it, as the desk shows it to them. So is the card of an undo, to its owner as well, who may not act on it.
 */
export function createLiveFeed(desk: Desk, log: Logger): LiveFeed {
  const pages = new Set<{
    readonly person: PersonId;
    readonly send: (event: LiveEvent) => void;
    readonly close: () => void;
  }>();
  const tell = (person: PersonId, event: LiveEvent) => {
    for (const page of pages) {
      if (page.person === person) {
        page.send(event);
      }
    }
  };
  // One after the other, so that a later look at the desk never arrives before an earlier one.
  let looking: Promise<void> = Promise.resolve();
  async function tellOthers(owner: PersonId | null, key: string): Promise<void> {
    for (const person of new Set([...pages].map((page) => page.person))) {
      const card = person === owner ? undefined : await cardFor(key, person);
      if (card !== undefined) {
        tell(person, { type: "card", key, card });
      }
    }
  }
  function cardFor(key: string, person: PersonId): Promise<Card | undefined> {
    return key.startsWith("undo-")
      ? desk.undoCard(key.slice("undo-".length), person)
      : desk.approvalCard(key.slice("approval-".length), person);
  }
  return {
    open(person, send, close) {
      const page = { person, send, close };
      pages.add(page);
      return () => pages.delete(page);
    },
    card(owner, key, card) {
      const isUndo = key.startsWith("undo-");
      if (!isUndo) {
        tell(owner, { type: "card", key, card });
      }
      if (isUndo || key.startsWith("approval-")) {
        looking = looking
          .then(() => tellOthers(isUndo ? null : owner, key))
          .catch((error: unknown) =>
            log.warn({ card: key, error: toErrorInfo(error).code }, "card-not-told"),
          );
      }
    },
    notice: (person, text) => tell(person, { type: "notice", text }),
    people: () => [...new Set([...pages].map((page) => page.person))],
    idle: () => looking,
    close() {
      for (const page of pages) {
        page.close();
      }
    },
  };
}
