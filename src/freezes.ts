import { isoMinute } from "./iso-minute.ts";
import type { TrustView } from "./define-agent.ts";
import type { ErrorInfo, Person, Refused, Signed } from "./domain.ts";
import { toErrorInfo } from "./errors.ts";
import { refusal } from "./policy/refusal.ts";
import type { Clock, Logger, Store } from "./ports.ts";
import type { JournalEntry } from "./record-types.ts";
import { refusedAct } from "./refused-act.ts";
import { mayAct, stated } from "./safety-policy.ts";
import type {
  FreezePapers,
  FreezeRow,
  FreezeStatement,
  LiftEvidence,
  LiftStatement,
} from "./safety-types.ts";
import type { SafetyAct, SafetyDone, SafetyView } from "./safety-types.ts";
import { verifyFreeze } from "./verify-freeze.ts";

/** Stops and starts all effects of the company. The record says how it is; agents are told until they confirm. */
export interface Freezes {
  freeze(act: SafetyAct, reason: string): Promise<SafetyDone | Refused>;
  unfreeze(act: SafetyAct): Promise<SafetyDone | Refused>;
  /** True while nothing with an effect is to be sent. */
  frozen(): boolean;
  view(): SafetyView["freeze"];
  /** Reads what other bots did; asks for the lift that two people want. Resolves when known. */
  refresh(): Promise<void>;
}
export interface FreezesOptions {
  readonly store: Pick<Store, "freezes" | "appendJournal">;
  readonly trust: () => TrustView & { readonly people: readonly Person[] };
  /** Signs with the bot's evidence key. */
  readonly sign: <T extends FreezeStatement | LiftEvidence>(statement: T) => Signed<T>;
  /** Tells all agents, again and again; resolves once all that are there have confirmed, or after a second. */
  readonly tell: (papers: FreezePapers) => Promise<{ readonly confirmed: number; readonly of: number }>;
  /** Has the HITL agent sign the lift; may be asked again and again. Undefined: no answer yet. */
  readonly signLift: (
    serial: number,
    evidence: readonly Signed<LiftEvidence>[],
  ) => Promise<Signed<LiftStatement> | undefined>;
  /** Effects are allowed again: what waited is due. */
  readonly lifted: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

const longestReason = 2_000;

export function createFreezes(options: FreezesOptions): Freezes {
  const { store, trust, clock, log } = options;
  let row: FreezeRow | undefined;
  let lifting: Promise<void> | undefined;

  const frozen = (): boolean => row !== undefined && row.lift === null;
  /** Takes over what the record says; who has nothing to lift need not be told. */
  const take = async (next: FreezeRow | undefined): Promise<{ confirmed: number; of: number }> => {
    const before = row;
    const isNews =
      next !== undefined &&
      (before?.freeze.statement.serial !== next.freeze.statement.serial ||
        (before.lift === null) !== (next.lift === null));
    row = next;
    if (next === undefined || !isNews) {
      return { confirmed: 0, of: 0 };
    }
    const { freeze, lift } = next;
    log.warn({ serial: freeze.statement.serial, frozen: lift === null }, "freeze");
    const told = await options.tell({ freeze, lift });
    if (lift !== null && before?.lift === null) {
      await options.lifted();
    }
    return told;
  };

  const refused = (act: SafetyAct, verb: string, error: ErrorInfo): Promise<Refused> =>
    refusedAct({ store, trust }, act, verb, error);
  const why = (verb: "freeze" | "unfreeze", act: SafetyAct) => {
    const { policy, demo } = trust();
    return mayAct(verb, act, { policy, demo, person: trust().person(act.person) });
  };
  const here = () => ({ trustSerial: trust().serial, now: clock.now() });
  const noted = (state: string, serial: number, act: SafetyAct, body?: string): JournalEntry => ({
    kind: "freeze",
    run: null,
    facts: { state, serial, by: act.person, adapter: act.adapter, assurance: act.assurance },
    ...(body === undefined ? {} : { body }),
  });

  const begin = async (act: SafetyAct, reason: string): Promise<SafetyDone> => {
    const before = await store.freezes.newest();
    if (before !== undefined && before.lift === null) {
      await take(before);
      const { person, receivedAt } = before.freeze.statement;
      const text = `The company is frozen already, by ${person} at ${isoMinute(Date.parse(receivedAt))}.`;
      return { outcome: "done", frozen: true, text };
    }
    const startedAt = clock.now();
    const serial = Math.max(startedAt, (before?.freeze.statement.serial ?? 0) + 1);
    const freeze = options.sign({ tag: "countersign/freeze/1", serial, ...stated(act, here()) });
    const next: FreezeRow = { version: 1, reason, freeze, lift: null, wanted: [] };
    if (!(await store.freezes.save(next, [noted("frozen", serial, act, reason)]))) {
      return begin(act, reason);
    }
    const { confirmed, of } = await take(next);
    const ms = clock.now() - startedAt;
    const missing = of === confirmed ? "" : " The others are told until they confirm.";
    const text = `Frozen: ${confirmed} of ${of} agents stopped all effects within ${ms} ms.${missing} Two people lift it.`;
    return { outcome: "done", frozen: true, text };
  };

  const want = async (act: SafetyAct): Promise<SafetyDone | Refused> => {
    const before = await store.freezes.newest();
    await take(before);
    if (before === undefined || before.lift !== null) {
      return refused(act, "unfreeze", refusal("not-frozen", "the company is not frozen"));
    }
    const { serial } = before.freeze.statement;
    const earlier = before.wanted.filter((each) => each.statement.person !== act.person);
    if (earlier.length < before.wanted.length && earlier.length === 0) {
      return refused(
        act,
        "unfreeze",
        refusal("own-request", `"${act.person}" asked for it already: a second person lifts the freeze`),
      );
    }
    const evidence = options.sign({ tag: "countersign/lift-evidence/1", serial, ...stated(act, here()) });
    const wanted = [...earlier, evidence].slice(0, 2);
    const next: FreezeRow = { ...before, version: before.version + 1, wanted };
    if (!(await store.freezes.save(next, [noted("lift-wanted", serial, act)]))) {
      return want(act);
    }
    await take(next);
    if (wanted.length < 2) {
      const text = `Noted: ${act.person} wants the freeze lifted. It is lifted when a second person says so too.`;
      return { outcome: "done", frozen: true, text };
    }
    await finishLift();
    return frozen()
      ? {
          outcome: "done",
          frozen: true,
          text: "Two people want it lifted; the HITL agent is asked to confirm.",
        }
      : { outcome: "done", frozen: false, text: "The freeze is lifted; what waited goes on." };
  };

  /** Has the lift signed that two people want; in the background again at each look until it is. */
  const finishLift = (): Promise<void> => {
    lifting ??= signAndKeep().finally(() => {
      lifting = undefined;
    });
    return lifting;
  };
  const signAndKeep = async (): Promise<void> => {
    const before = row;
    if (before === undefined || before.lift !== null || before.wanted.length < 2) {
      return;
    }
    const { serial } = before.freeze.statement;
    const lift = await options.signLift(serial, before.wanted);
    if (lift === undefined) {
      return;
    }
    verifyFreeze({ freeze: before.freeze, lift }, trust(), clock.now());
    const next: FreezeRow = { ...before, version: before.version + 1, lift };
    const by = before.wanted.map(({ statement }) => statement.person).join(" ");
    const entry = { kind: "freeze", run: null, facts: { state: "lifted", serial, by } } as const;
    await take((await store.freezes.save(next, [entry])) ? next : await store.freezes.newest());
  };

  return {
    async freeze(act, reason) {
      const words = reason.trim();
      if (words === "" || words.length > longestReason) {
        return refused(act, "freeze", refusal("bad-reason", `say why, in 1 to ${longestReason} characters`));
      }
      const no = why("freeze", act);
      return no === null ? begin(act, words) : refused(act, "freeze", no);
    },
    async unfreeze(act) {
      const no = why("unfreeze", act);
      return no === null ? want(act) : refused(act, "unfreeze", no);
    },
    frozen,
    view() {
      if (row === undefined || row.lift !== null) {
        return null;
      }
      const { serial, person, receivedAt } = row.freeze.statement;
      const lifters = row.wanted.map(({ statement }) => statement.person);
      return { serial, by: person, at: receivedAt, reason: row.reason, lifting: lifters };
    },
    async refresh() {
      const next = await store.freezes.newest();
      // A look that was overtaken by a change of this bot's own says nothing.
      if (next !== undefined && (row === undefined || isLater(next, row))) {
        void take(next).catch((error: unknown) =>
          log.error({ code: toErrorInfo(error).code }, "freeze-failed"),
        );
      }
      if (frozen() && (row?.wanted.length ?? 0) >= 2) {
        void finishLift().catch((error: unknown) =>
          log.error({ code: toErrorInfo(error).code }, "lift-not-signed"),
        );
      }
    },
  };
}

function isLater(next: FreezeRow, row: FreezeRow): boolean {
  const [a, b] = [next.freeze.statement.serial, row.freeze.statement.serial];
  return a > b || (a === b && next.version > row.version);
}
