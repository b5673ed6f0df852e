import type { Card } from "../../src/card.ts";
import type { PersonId, ThreadId } from "../../src/domain.ts";
import { toErrorInfo } from "../../src/errors.ts";
import type { Parts } from "./parts.ts";
import { mostListLines } from "./product-list.ts";

/** A message with a list of several requests. */
export interface ListMessage {
  /** The message's own. */
  readonly key: string;
  readonly ts: string;
  /** The thread of the message, in which all that belongs to it stands. */
  readonly thread: ThreadId;
  readonly person: PersonId;
  readonly requests: readonly string[];
}
/**
 * Requests of one list: a run each, numbered from 1. Their cards stand in one thread of Slack; in the record each has a
 * thread of its own, so that an answer to one is none to another.
 */
export interface ListRequests {
  /**
   * Starts the first request, says in the thread that a list is being taken, starts the others, each once per key, and
   * says which were taken: whatever interrupts it, what was begun is said there. Resolves with what could not be said
   * in the thread. Fails where a request cannot be recorded now; the message comes again.
   */
  start(list: ListMessage): Promise<string | undefined>;
  /**
   * What an answer in a thread of lists is for: the only request there that asks this person something, or the one
   * whose number it begins with. A problem is in words; undefined where nothing is asked.
   */
  answered(
    thread: ThreadId,
    person: PersonId,
    said: string,
  ): Promise<{ readonly thread: ThreadId; readonly text: string } | { readonly problem: string } | undefined>;
}

/** Every key that a message with a list may have started something under. */
export function keysOfList(key: string): readonly string[] {
  return [key, ...Array.from({ length: mostListLines }, (_, index) => lineKey(key, index + 1))];
}
function lineKey(key: string, number: number): string {
  return `${key}/line-${number}`;
}

const severalAsk =
  'Several requests of this list ask you something. Start your answer with the request\'s number, e.g. "2: …", or use the buttons.';
const numbered = /^(\d{1,2})\s*[:.)]\s*(\S[\s\S]*)$/;
const mostLooked = 50;
const postBegun = "begun";

export function createListRequests({
  inbox,
  desk,
  messages,
  memory,
}: Pick<Parts, "inbox" | "desk" | "messages" | "memory">): ListRequests {
  const markOf = (thread: ThreadId) => `slack-list:${thread}`;
  const keep = (name: string, value: string) => memory.setValue(name, value, { passing: true });

  /**
   * Posts the reply once, also after a crash between the posting and what is kept of it; undefined where Slack takes
   * none there.
   */
  async function reply({ thread, key }: ListMessage, card: Card): Promise<string | undefined> {
    const name = `slack-list-reply:${key}`;
    const kept = await memory.getValue(name);
    if (kept !== undefined && kept !== postBegun) {
      return kept;
    }
    await keep(name, postBegun);
    const found = kept === postBegun ? await messages.find(thread, name) : undefined;
    const message = found ?? (await posted(thread, card, name));
    if (message !== undefined) {
      await keep(name, message);
    }
    return message;
  }
  async function posted(thread: ThreadId, card: Card, key: string): Promise<string | undefined> {
    try {
      return await messages.post(thread, card, key);
    } catch (error) {
      if (toErrorInfo(error).retryable) {
        throw error;
      }
      return undefined;
    }
  }
  async function startOne({ key, ts, thread, person }: ListMessage, text: string, number: number) {
    const outcome = await inbox.request({
      key: lineKey(key, number),
      thread: `${thread}#${ts}-${number}`,
      person,
      text,
    });
    return outcome.outcome === "accepted" ? undefined : outcome.error;
  }

  return {
    async start(list) {
      const { requests, thread } = list;
      await keep(markOf(thread), "1");
      const problems: (string | undefined)[] = [];
      let message: string | undefined;
      for (const [index, text] of requests.entries()) {
        const refused = await startOne(list, text, index + 1);
        if (index === 0 && refused?.code === "withdrawn") {
          return undefined;
        }
        if (index === 0) {
          message = await reply(list, beginning(requests.length));
        }
        problems.push(refused?.message);
      }
      const card = summary(requests, problems);
      const isShown = message !== undefined && (await messages.update(message, card)) === "ok";
      return isShown ? undefined : [`${card.title}. ${card.text}`, ...card.facts.map(factText)].join("\n");
    },
    async answered(thread, person, said) {
      if ((await memory.getValue(markOf(thread))) === undefined) {
        return undefined;
      }
      const runs = (await desk.runs(person, { limit: mostLooked })).filter(
        (run) => run.status === "waiting" && run.thread.startsWith(`${thread}#`),
      );
      const cards = await Promise.all(runs.map((run) => desk.cards(run.id, person)));
      const asking = runs.filter((_run, index) => cards[index]?.some(({ card }) => card.kind === "question"));
      const [, number, answer] = numbered.exec(said) ?? [];
      const meant =
        number === undefined ? asking : asking.filter((run) => run.thread.endsWith(`-${Number(number)}`));
      const [only, ...others] = meant.length === 0 ? asking : meant;
      if (only === undefined) {
        return undefined;
      }
      const text = meant.length === 1 && answer !== undefined ? answer : said;
      return others.length === 0 ? { thread: only.thread, text } : { problem: severalAsk };
    },
  };
}

const notice: Omit<Card, "title" | "text" | "tone"> = {
  kind: "notice",
  run: null,
  facts: [],
  steps: [],
  tables: [],
  approval: null,
  plan: null,
  undo: null,
  options: [],
};
function beginning(count: number): Card {
  return {
    ...notice,
    title: `A list of ${count} requests`,
    text: "They are being taken. Each that is taken shows its own card here; the others were not.",
    tone: "neutral",
  };
}
function factText({ label, value }: Card["facts"][number]): string {
  return `${label} ${value}`;
}
/** What became of each request: taken, or why not. */
function summary(requests: readonly string[], problems: readonly (string | undefined)[]): Card {
  const taken = problems.filter((problem) => problem === undefined).length;
  return {
    ...notice,
    title: `A list of ${requests.length} requests: ${taken} taken`,
    text:
      taken === requests.length
        ? 'Each has its own cards here, and is decided on its own. Answer a request that asks something with its number, e.g. "2: …".'
        : "Those that were not taken ordered nothing; send them again when the reason is gone.",
    tone: taken === requests.length ? "good" : "bad",
    facts: requests.map((text, index) => {
      const problem = problems[index];
      return {
        label: `${index + 1}.`,
        value: problem === undefined ? text : `${text} — not taken: ${problem}`,
      };
    }),
  };
}
