import type { Card } from "./card.ts";
import type { Approval, Person, Run, ThreadId } from "./domain.ts";
import { toErrorInfo } from "./errors.ts";
import type { ChatAdapter, Logger, Store } from "./ports.ts";
import type { CardRow } from "./record-types.ts";

/** Copies of one card: those there are stay, so people who come and go must not add up. */
const mostCopies = 20;

/**
 * Keeps the copies of open approvals in step with who may decide: whoever may decide since then gets one, and whoever
 * may not any more sees so on theirs. Nothing depends on it: decisions are checked when they are made.
 */
export interface ApprovalCopies {
  /** Who may decide, or where they are reached, may have changed. Resolves when all open approvals were looked at. */
  refresh(): Promise<void>;
  /** Resolves when nothing is under way; nothing begins after that. */
  stop(): Promise<void>;
}

export function createApprovalCopies(o: {
  readonly store: Pick<Store, "approvals" | "loadRun" | "cards" | "placeCard">;
  readonly adapters: () => readonly ChatAdapter[];
  readonly deciders: (approval: Approval) => readonly Person[];
  /** Where the cards of the run's approval would stand if it were opened now. */
  readonly places: (run: Run, approval: Approval) => readonly ThreadId[];
  /** Told of the cards that show something else now. */
  readonly changed: (cards: readonly string[]) => void;
  readonly log: Logger;
}): ApprovalCopies {
  let last: Promise<void> = Promise.resolve();
  let stopped = false;

  /** Undefined where a place is not one person's. */
  function ownerOf(thread: ThreadId): string | undefined {
    return o
      .adapters()
      .find(({ name }) => thread.startsWith(`${name}:`))
      ?.ownerOf?.(thread);
  }
  async function refreshOne(approval: Approval, run: Run): Promise<void> {
    const key = `approval-${approval.id}`;
    const copies = await o.store.cards(key);
    const accounts = new Set(o.deciders(approval).flatMap((person) => person.accounts));
    const barred = new Map(
      copies.map(({ copy, thread }) => {
        const owner = ownerOf(thread);
        return [copy, owner !== undefined && !accounts.has(owner)];
      }),
    );
    const known = new Set([run.thread, ...copies.map(({ thread }) => thread)]);
    const add = o
      .places(run, approval)
      .filter((thread) => !known.has(thread))
      .slice(0, Math.max(0, mostCopies - copies.length));
    if (
      copies.length > 0 &&
      (add.length > 0 || copies.some((each) => each.barred !== barred.get(each.copy)))
    ) {
      await o.store.placeCard(key, { add, barred });
      o.changed([key]);
    }
  }
  async function refreshAll(): Promise<void> {
    for (const approval of stopped ? [] : await o.store.approvals({ open: true })) {
      if (stopped) {
        return;
      }
      try {
        const run = await o.store.loadRun(approval.run);
        if (run !== undefined) {
          await refreshOne(approval, run);
        }
      } catch (error) {
        o.log.warn({ approval: approval.id, code: toErrorInfo(error).code }, "approval-copies-not-changed");
      }
    }
  }

  return {
    refresh() {
      // One after the other: the later one sees what the earlier one did.
      last = last.then(refreshAll).catch((error: unknown) => {
        o.log.error({ code: toErrorInfo(error).code }, "approval-copies-failed");
      });
      return last;
    },
    async stop() {
      stopped = true;
      await last;
    },
  };
}

/** The card as this copy shows it: who may not decide any more gets no buttons, and is told on an open one. */
export function cardOfCopy(card: Card | null, { barred }: Pick<CardRow, "barred">): Card | null {
  if (card === null || !barred) {
    return card;
  }
  const told = "You may not decide on this. ";
  const text = card.approval === null ? card.text : `${told}${card.text}`;
  return { ...card, text, approval: null, plan: null };
}
