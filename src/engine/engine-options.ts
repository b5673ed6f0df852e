import type { TrustView } from "../define-agent.ts";
import type { Approval, PersonId, Run, ThreadId } from "../domain.ts";
import type { ReceivedEnvelope } from "../link-types.ts";
import type { ReadyMessage } from "../link-port.ts";
import type { Clock, Ids, Logger, StepQueue, Store } from "../ports.ts";
import type { OutboxRow } from "../record-types.ts";
import type { RunBounds } from "./admission.ts";
import type { Definitions } from "./definitions.ts";
import type { DraftSurroundings } from "./run-draft.ts";

/** What a draft is made with: as things are now. */
export function surroundingsOf(o: EngineOptions): DraftSurroundings {
  return {
    now: o.clock.now(),
    trust: o.trust(),
    definitions: o.definitions,
    approvalPlaces: o.approvalPlaces,
    undoPlaces: o.undoPlaces,
    log: o.log,
    frozen: o.frozen?.() ?? false,
    isShadow: o.isShadow ?? (() => false),
  };
}

export interface EngineOptions {
  readonly store: Store;
  readonly queue: StepQueue;
  readonly definitions: Definitions;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** What is trusted now; asked at every use, because documents are renewed. */
  readonly trust: () => TrustView;
  /** Where the card of an approval of this run stands, one thread at least. Must not throw. */
  readonly approvalPlaces: (run: Run, approval: Approval) => readonly ThreadId[];
  /** The same for an undo of this run that needs a person. */
  readonly undoPlaces: (run: Run) => readonly ThreadId[];
  /** True while nothing with an effect may be sent and no time runs out: the company is frozen. Default: never. */
  readonly frozen?: () => boolean;
  /** Whether a request that is given to this workflow now has no effects. Default: none. */
  readonly isShadow?: (workflow: string) => boolean;
  /** Default: 1,000 runs in progress, and 10,000 that wait for their turn. */
  readonly bounds?: Partial<RunBounds>;
  /** A requester's share of the places where there is not room for all. Default 1 each. */
  readonly shareOf?: (person: PersonId) => number;
  /** Tells the sender that its result or error is applied; called after the commit. */
  readonly acknowledge: (message: ReceivedEnvelope) => Promise<void>;
  /** Makes a message ready to be sent right after the commit that creates its row. Must not throw. */
  readonly prepare: (row: OutboxRow) => ReadyMessage;
  /** Looks for messages in the outbox that are due. Must not throw. */
  readonly sendDue: () => void;
  /** Called after every commit with the keys of the cards that it changed, and the messages it closed. Must not throw. */
  readonly committed: (cards: readonly string[], closed: readonly string[]) => void;
}
