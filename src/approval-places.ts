import type { Person, Run, ThreadId } from "./domain.ts";
import { toErrorInfo } from "./errors.ts";
import type { ChatAdapter, Logger } from "./ports.ts";

/** Where the cards of a run's approval stand, by what each adapter says; in the run's own thread where none does. */
export function approvalPlaces(
  run: Pick<Run, "thread" | "requester">,
  o: {
    readonly adapters: readonly ChatAdapter[];
    readonly deciders: readonly Person[];
    readonly log: Logger;
  },
): readonly ThreadId[] {
  const own = (adapter: ChatAdapter) => (run.thread.startsWith(`${adapter.name}:`) ? [run.thread] : []);
  const places = o.adapters.flatMap((adapter) => {
    try {
      const { thread, requester } = run;
      return adapter.approvalPlaces?.({ thread, requester }, o.deciders) ?? own(adapter);
    } catch (error) {
      o.log.error({ adapter: adapter.name, code: toErrorInfo(error).code }, "approval-places-failed");
      return own(adapter);
    }
  });
  return places.length === 0 ? [run.thread] : [...new Set(places)];
}
