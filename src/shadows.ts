import type { TrustView } from "./define-agent.ts";
import type { Refused, Signed } from "./domain.ts";
import { signedShadowSchema } from "./plan/safety-schema.ts";
import { refusal } from "./policy/refusal.ts";
import type { Clock, Store } from "./ports.ts";
import { mayAct, stated } from "./safety-policy.ts";
import type { SafetyAct, SafetyDone, ShadowStatement } from "./safety-types.ts";

/** Which workflows' new requests are worked on without effects. */
export interface Shadows {
  /** Whether a request that is given to this workflow now has no effects. */
  isShadow(workflow: string): boolean;
  /** Ids of those workflows. */
  list(): readonly string[];
  set(act: SafetyAct, workflow: string, on: boolean): Promise<SafetyDone | Refused>;
  /** Reads what other bots did. */
  refresh(): Promise<void>;
}

const prefix = "shadow:";

/**
 * What was said last of a workflow holds, as long as it is signed and by somebody who may; a statement that is not
 * believed counts as shadow. Of a workflow that nobody said anything of, the configuration says how it begins.
 */
export function createShadows(o: {
  readonly store: Pick<Store, "getValues" | "setValue" | "appendJournal">;
  readonly workflows: readonly string[];
  /** Whether a workflow of which nothing was said begins in shadow mode. */
  readonly byDefault: boolean;
  readonly trust: () => TrustView;
  readonly sign: (statement: ShadowStatement) => Signed<ShadowStatement>;
  readonly clock: Clock;
}): Shadows {
  const { store, trust, clock } = o;
  let said: ReadonlyMap<string, boolean> = new Map();

  const refusedBy = (act: SafetyAct, on: boolean) => {
    const { policy, demo } = trust();
    return mayAct(on ? "beginShadow" : "endShadow", act, {
      policy,
      demo,
      person: trust().person(act.person),
    });
  };
  const refuse = async (act: SafetyAct, code: string, message: string): Promise<Refused> => {
    const facts = {
      code,
      verb: "shadow",
      adapter: act.adapter,
      person: trust().person(act.person)?.id ?? null,
    };
    await store.appendJournal([{ kind: "refusal", run: null, facts }]);
    return { outcome: "refused", error: refusal(code, message) };
  };
  const believed = (workflow: string, value: string): boolean => {
    try {
      const signed = signedShadowSchema.parse(JSON.parse(value));
      const { statement } = signed;
      // Who ended it needed the role then; a person who has left since changes nothing about it.
      return statement.workflow === workflow && trust().verify(signed, "evidence") ? statement.shadow : true;
    } catch {
      return true;
    }
  };
  const refresh = async (): Promise<void> => {
    const values = await store.getValues(prefix);
    said = new Map(
      [...values].map(([key, value]) => {
        const workflow = key.slice(prefix.length);
        return [workflow, believed(workflow, value)];
      }),
    );
  };
  const isShadow = (workflow: string): boolean => said.get(workflow) ?? o.byDefault;

  return {
    isShadow,
    list: () => o.workflows.filter(isShadow),
    refresh,
    async set(act, workflow, on) {
      if (!o.workflows.includes(workflow)) {
        const known = o.workflows.join(", ");
        return refuse(
          act,
          "unknown-workflow",
          `there is no workflow "${workflow.slice(0, 80)}"; there are: ${known}`,
        );
      }
      const no = refusedBy(act, on);
      if (no !== null) {
        return refuse(act, no.code, no.message);
      }
      const signed = o.sign({
        tag: "countersign/shadow/1",
        workflow,
        shadow: on,
        ...stated(act, { trustSerial: trust().serial, now: clock.now() }),
      });
      const facts = { workflow, shadow: on, by: act.person, adapter: act.adapter };
      await store.appendJournal([{ kind: "shadow", run: null, facts }]);
      await store.setValue(`${prefix}${workflow}`, JSON.stringify(signed));
      await refresh();
      const text = on
        ? `New requests for ${workflow} are worked on in shadow mode: every step, no effects.`
        : `New requests for ${workflow} have effects again. Those begun in shadow mode end in it.`;
      return { outcome: "done", frozen: false, text };
    },
  };
}
