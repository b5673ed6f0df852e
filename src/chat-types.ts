import type { PersonId, ThreadId } from "./domain.ts";

/** A message that somebody wrote in a chat. */
export interface ChatRequest {
  /** Deterministic key of the chat message, for de-duplication: adapter, place, time, author. */
  readonly key: string;
  readonly thread: ThreadId;
  readonly person: PersonId;
  readonly text: string;
  /** Not written to the bot: the answer that a run in this thread waits for, or nothing. */
  readonly onlyAnswer?: boolean;
}
