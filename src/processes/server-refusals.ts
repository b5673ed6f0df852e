import { createRefusalJournal, type RefusalJournal } from "../link/refusal-journal.ts";
import type { Timers } from "../link/timers.ts";
import type { Logger } from "../ports.ts";
import type { OnServerRefused } from "../sandbox/at-server/at-server.ts";

/**
 * What the sandbox's atServers refused, in their log: what ends at an atServer reaches no participant, and so none of
 * the journals. Bounded like these, for each atServer by itself.
 */
export function logServerRefusals(
  log: Logger,
  timers: Timers,
): { readonly onRefused: OnServerRefused; close(): Promise<void> } {
  const journals = new Map<string, RefusalJournal>();
  const journalOf = (atSign: string): RefusalJournal => {
    const known = journals.get(atSign);
    if (known !== undefined) {
      return known;
    }
    const made = createRefusalJournal({ timers, log: naming(log, atSign) });
    journals.set(atSign, made);
    return made;
  };
  return {
    onRefused: ({ atSign, ...refusal }) => journalOf(atSign).note(refusal),
    async close() {
      await Promise.all([...journals.values()].map((each) => each.close()));
    },
  };
}

function naming(log: Logger, atSign: string): Logger {
  return {
    info: (fields, event) => log.info({ atSign, ...fields }, event),
    warn: (fields, event) => log.warn({ atSign, ...fields }, event),
    error: (fields, event) => log.error({ atSign, ...fields }, event),
  };
}
