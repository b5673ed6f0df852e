import type { Accepted, Assurance, PersonId, Refused, Role, RunId, Signed } from "./domain.ts";
import type { JournalEntry } from "./record-types.ts";

/** Freeze and shadow mode: who may, what is signed, what is kept. */

/** Who may stop and start effects; part of the policy. */
export interface SafetyPolicy {
  readonly freeze: readonly Role[];
  /** Two distinct people with one of these lift a freeze. */
  readonly unfreeze: readonly Role[];
  /** Who ends a workflow's shadow mode. */
  readonly endShadow: readonly Role[];
}

/** What a person did about a freeze or a shadow mode, and by which way. */
export interface SafetyAct {
  readonly person: PersonId;
  readonly adapter: string;
  /** The account it was done by, where the adapter's platform has accounts. */
  readonly account?: string;
  readonly assurance: Exclude<Assurance, "countersigned">;
}
export interface ActStatement extends SafetyAct {
  /** Serial of the trust document by which the bot knew the person. */
  readonly trustSerial: number;
  readonly receivedAt: string;
}

/** A person stopped all effects. Signed by the bot's evidence key. */
export interface FreezeStatement extends ActStatement {
  readonly tag: "countersign/freeze/1";
  /** Rises with every freeze of the company: milliseconds UTC, or one more than the last. */
  readonly serial: number;
}
/** A person wants effects to go on. Signed by the bot's evidence key. */
export interface LiftEvidence extends ActStatement {
  readonly tag: "countersign/lift-evidence/1";
  readonly serial: number;
}
/** What the HITL agent signs once it has checked what two distinct people did. */
export interface LiftStatement {
  readonly tag: "countersign/lift/1";
  readonly serial: number;
  readonly evidence: readonly Signed<LiftEvidence>[];
  readonly issuedAt: string;
}
/** All that an agent is told of a freeze; `lift` is null as long as it lasts. */
export interface FreezePapers {
  readonly freeze: Signed<FreezeStatement>;
  readonly lift: Signed<LiftStatement> | null;
}
/** What an agent has in its books of the newest freeze that it was told of. */
export interface KnownFreeze {
  readonly serial: number;
  readonly frozen: boolean;
  /** JSON of the papers. */
  readonly papers: string;
}
/** The newest freeze in the bot's record. */
export interface FreezeRow extends FreezePapers {
  /** Raised by each change; 1 when it begins. */
  readonly version: number;
  /** In the words of who froze. */
  readonly reason: string;
  /** Who wants it lifted: two, and the HITL agent is asked. */
  readonly wanted: readonly Signed<LiftEvidence>[];
}

/** A workflow's requests are worked on without effects, or with them again. Signed by the bot's evidence key. */
export interface ShadowStatement extends ActStatement {
  readonly tag: "countersign/shadow/1";
  readonly workflow: string;
  readonly shadow: boolean;
}

export interface SafetyDone {
  readonly outcome: "done";
  readonly frozen: boolean;
  /** What was done and what comes next, in words. */
  readonly text: string;
}
/** What people are shown of freeze and shadow mode. */
export interface SafetyView {
  readonly freeze: {
    readonly serial: number;
    readonly by: PersonId;
    readonly at: string;
    readonly reason: string;
    /** Who wants it lifted. */
    readonly lifting: readonly PersonId[];
  } | null;
  /** Workflows whose new requests have no effects. */
  readonly shadow: readonly string[];
}
/** The part of the inbox that stops things and lets them go on. */
export interface SafetyInbox {
  /** Stops all effects of the company; resolves once the agents know, or after a second. */
  freeze(act: SafetyAct, reason: string): Promise<SafetyDone | Refused>;
  /** Asks for a freeze to be lifted; the second person's word lifts it. */
  unfreeze(act: SafetyAct): Promise<SafetyDone | Refused>;
  /** Whether new requests for a workflow have effects. */
  shadow(act: SafetyAct, workflow: string, on: boolean): Promise<SafetyDone | Refused>;
  safety(): SafetyView;
  /** Begins nothing new of a run, or goes on with it. */
  pause(run: RunId, person: PersonId, paused: boolean): Promise<Accepted | Refused>;
}
/** The company's freezes in the record. */
export interface FreezeRecord {
  /** The newest one, lifted or not. */
  newest(): Promise<FreezeRow | undefined>;
  /**
   * Compare-and-set: writes the row if its freeze has the version before, or is new and the newest; with its journal.
   * False when another writer was first.
   */
  save(row: FreezeRow, journal: readonly JournalEntry[]): Promise<boolean>;
}
/** The freeze in an agent's books. */
export interface FreezeMemory {
  /**
   * Keeps this unless the same or a later state is known; resolves with what is known then. Whatever effect is not
   * committed before this commits fails with "frozen".
   */
  keepFreeze(freeze: KnownFreeze, journal: readonly JournalEntry[]): Promise<KnownFreeze>;
  freeze(): Promise<KnownFreeze | undefined>;
}
