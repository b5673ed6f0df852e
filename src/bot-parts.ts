import type { BotRegister } from "./bot-register.ts";
import type { CompanyConfig } from "./config.ts";
import type { AgentDefinition } from "./define-agent.ts";
import type { AgentAddress } from "./domain.ts";
import type { Definitions } from "./engine/definitions.ts";
import type { InstanceKeyPairs } from "./keys.ts";
import type { Timers } from "./link/timers.ts";
import type { Witness } from "./link/witness.ts";
import type { AgentLink } from "./link-port.ts";
import type { Clock, Ids, Logger, StepQueue, Store } from "./ports.ts";
import type { TrustStore } from "./trust/trust-store.ts";

/** What a bot is made of. */
export interface BotParts {
  readonly config: CompanyConfig;
  readonly store: Store;
  readonly queue: StepQueue;
  readonly link: AgentLink;
  readonly trust: TrustStore;
  /** Signs what people clicked; see design, "Approval". */
  readonly evidenceKeys: () => InstanceKeyPairs;
  /** Has the journal's checkpoints signed, by the instance of the witness that is given. */
  readonly witness: (compliance: () => AgentAddress, leads: () => boolean) => Witness;
  /** The other bots of this record; `onLeads` is told when this one alone is to have the journal witnessed. */
  readonly register: (onLeads: (leads: boolean) => void) => BotRegister;
  readonly agents: readonly AgentDefinition[];
  readonly definitions: Definitions;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly timers: Timers;
  readonly log: Logger;
}
