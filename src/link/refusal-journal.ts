import { toErrorInfo } from "../errors.ts";
import type { Logger } from "../ports.ts";
import type { JournalEntry } from "../record-types.ts";
import type { Timers } from "./timers.ts";

export interface RefusalJournalOptions {
  /** Without one the log says it alone: an atServer keeps no journal. */
  readonly journal?: (entries: readonly JournalEntry[]) => Promise<void>;
  readonly timers: Timers;
  readonly log: Logger;
}
export interface RefusalJournal {
  /** `peer`: who sent it; null for a paper of trust. Returns at once; a journal that fails is logged. */
  note(refusal: { readonly peer: string | null; readonly code: string }): void;
  /** Writes what was counted; nothing is noted afterwards. */
  close(): Promise<void>;
}
interface Window {
  count: number;
  readonly cancel: () => void;
}

const windowMs = 60_000;
/** Senders told apart per code and minute; those beyond are counted together. */
const maxPeers = 20;
const others = "others";
/** What does not happen by mistake or bad luck: somebody altered, forged or put back something. */
const alarms: ReadonlySet<string> = new Set([
  "bad-challenge",
  "envelope-altered",
  "envelope-sender",
  "envelope-signature",
  "misaddressed",
  "trust-conflict",
  "trust-rollback",
  "trust-signature",
  "trust-ungranted",
]);

/**
 * Makes evidence of what the link and the trust store refuse: the first of a sender and code is written down at once,
 * those that follow are counted and written once a minute, so that nobody fills journal or log by sending.
 */
export function createRefusalJournal({ journal, timers, log }: RefusalJournalOptions): RefusalJournal {
  const windows = new Map<string, Map<string | null, Window>>();
  const writing = new Set<Promise<void>>();
  let closed = false;

  const write = (peer: string | null, code: string, count: number): void => {
    const isAlarm = alarms.has(code);
    log[isAlarm ? "error" : "warn"]({ from: peer, code, count }, isAlarm ? "alarm" : "refused");
    if (journal === undefined) {
      return;
    }
    const task = journal([{ kind: isAlarm ? "alarm" : "refusal", run: null, facts: { peer, code, count } }])
      .catch((error: unknown) => log.error({ code: toErrorInfo(error).code }, "refusal not recorded"))
      .finally(() => writing.delete(task));
    writing.add(task);
  };

  const open = (peers: Map<string | null, Window>, peer: string | null, code: string): void => {
    const cancel = timers.after(windowMs, () => {
      const count = peers.get(peer)?.count ?? 0;
      peers.delete(peer);
      if (count > 0) {
        write(peer, code, count);
        open(peers, peer, code);
      }
    });
    peers.set(peer, { count: 0, cancel });
  };

  return {
    note({ peer: sender, code }) {
      if (closed) {
        return;
      }
      const peers = windows.get(code) ?? new Map<string | null, Window>();
      windows.set(code, peers);
      const peer = peers.has(sender) || peers.size < maxPeers ? sender : others;
      const known = peers.get(peer);
      if (known === undefined) {
        write(peer, code, 1);
        open(peers, peer, code);
      } else {
        known.count += 1;
      }
    },
    async close() {
      closed = true;
      for (const [code, peers] of windows) {
        for (const [peer, { count, cancel }] of peers) {
          cancel();
          if (count > 0) {
            write(peer, code, count);
          }
        }
      }
      await Promise.all(writing);
    },
  };
}
