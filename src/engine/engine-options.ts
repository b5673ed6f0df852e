import type { TrustView } from "../define-agent.ts";
import type { Run, ThreadId } from "../domain.ts";
import type { Clock, Ids, Logger, ReceivedEnvelope, StepQueue, Store } from "../ports.ts";
import type { Definitions } from "./definitions.ts";

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
  readonly approvalPlaces: (run: Run) => readonly ThreadId[];
  /** Tells the sender that its result or error is applied; called after the commit. */
  readonly acknowledge: (message: ReceivedEnvelope) => Promise<void>;
  /** Called after every commit: outbox rows and cards may wait. Must not throw. */
  readonly committed: () => void;
}
