import type { Database } from "../../adapters/store/database.ts";
import { type JournalTables, readChainHeads, readJournalAfter } from "../../adapters/store/journal-store.ts";
import type { AgentAddress } from "../domain.ts";
import { systemTimers } from "../link/timers.ts";
import { createWitness, type Witness, type WitnessOptions } from "../link/witness.ts";
import type { Logger } from "../ports.ts";
import { signAs } from "../trust/sign-statement.ts";
import type { DatabaseName } from "./databases.ts";
import type { Identity } from "./identity.ts";
import { systemClock } from "./system.ts";

/**
 * Who has each database's journal witnessed, and by whom: the witness's own records lie in another database, so that
 * nobody can rewrite one without another one showing it.
 */
export const journalWitnesses: Readonly<
  Record<DatabaseName, { readonly owner: string; readonly witness: string }>
> = {
  record: { owner: "bot", witness: "compliance" },
  books: { owner: "compliance", witness: "gateway" },
  gateway: { owner: "gateway", witness: "compliance" },
};

/** Books and gateway: several writers, and nobody waits for their checkpoints. */
const restMs = 5_000;

/** The witness of a process's database, which is not started yet. */
export function journalWitness<S extends JournalTables>(o: {
  readonly name: DatabaseName;
  readonly database: Database<S>;
  readonly identity: Pick<Identity, "link" | "trust" | "keys">;
  readonly store: WitnessOptions["values"] & { readonly appendJournal: WitnessOptions["journal"] };
  /** Default: where the witness's grant says. */
  readonly address?: () => AgentAddress;
  /** Of several processes on one database, whether this one has it witnessed. Default: it is alone. */
  readonly leads?: () => boolean;
  readonly log: Logger;
}): Witness {
  const { database, store } = o;
  const { link, trust, keys } = o.identity;
  const { witness: role } = journalWitnesses[o.name];
  return createWitness({
    source: {
      heads: () => readChainHeads(database),
      after: (heads, limit) => readJournalAfter(database, heads, limit),
    },
    link: {
      async send(envelope) {
        // A process that was stopped for a while finds out here that another one has taken over.
        if (o.leads?.() !== false) {
          await link.send(envelope);
        }
      },
    },
    role,
    address: o.address ?? (() => trust.agent(role)),
    sign: (statement) => signAs(statement, keys, keys.ed25519),
    verify: (signed) => trust.verify(signed, role),
    values: store,
    journal: (entries) => store.appendJournal(entries),
    clock: systemClock,
    timers: systemTimers,
    log: o.log,
    ...(o.name === "record" ? {} : { everyMs: restMs }),
  });
}
