import { z } from "zod";
import { canonicalJson } from "../canonical.ts";
import type { ApprovalId } from "../domain.ts";
import { signedCountersignedSchema } from "../plan/plan-schema.ts";
import type { KeptValues } from "../record-types.ts";

/** What a person's machine remembers of approvals, so that it may end at any moment. */

const keptVerdict = z.strictObject({
  decision: signedCountersignedSchema,
  reason: z.string().optional(),
});
export type KeptVerdict = z.infer<typeof keptVerdict>;

const idList = z.array(z.string()).catch([]);
/** The oldest are forgotten: who is not told how they ended finds it in the chat. */
const mostIds = 500;

export interface KeptVerdicts {
  get(approval: ApprovalId): Promise<KeptVerdict | undefined>;
  /** Before it is sent: a verdict is given once, and sent until it is answered. */
  keep(approval: ApprovalId, verdict: KeptVerdict): Promise<void>;
  /** The bot has said what became of it. */
  answered(approval: ApprovalId): Promise<void>;
  /** Those whose answer never came. */
  unanswered(): Promise<readonly ApprovalId[]>;
  /** It was put before the person, who is to be told how it ends. */
  shown(approval: ApprovalId): Promise<void>;
  /** The person was told how it ended. */
  told(approval: ApprovalId): Promise<void>;
  /** Whether the person was told: what comes of it afterwards was sent before. */
  wasTold(approval: ApprovalId): Promise<boolean>;
  /** Those that the person was not yet told the end of. */
  untold(): Promise<readonly ApprovalId[]>;
}

export function createKeptVerdicts(values: Pick<KeptValues, "getValue" | "setValue">): KeptVerdicts {
  const list = (name: string) => {
    const read = async (): Promise<readonly ApprovalId[]> =>
      idList.parse(JSON.parse((await values.getValue(name)) ?? "[]"));
    // One after the other: messages come several at a time.
    let last: Promise<void> = Promise.resolve();
    const change = (to: (ids: readonly ApprovalId[]) => readonly ApprovalId[]): Promise<void> => {
      const before = last;
      const changed = (async () => {
        await before;
        const ids = await read();
        const after = to(ids).slice(-mostIds);
        if (after.join() !== ids.join()) {
          await values.setValue(name, JSON.stringify(after));
        }
      })();
      last = changed.catch(() => undefined);
      return changed;
    };
    return {
      read,
      add: (id: ApprovalId) => change((ids) => (ids.includes(id) ? ids : [...ids, id])),
      remove: (id: ApprovalId) => change((ids) => ids.filter((each) => each !== id)),
    };
  };
  const unanswered = list("verdicts-unanswered");
  const untold = list("approvals-untold");
  const told = list("approvals-told");
  const keyOf = (approval: ApprovalId) => `verdict:${approval}`;
  return {
    async get(approval) {
      const text = await values.getValue(keyOf(approval));
      return text === undefined ? undefined : keptVerdict.parse(JSON.parse(text));
    },
    async keep(approval, verdict) {
      // In this order: a verdict is never there without being sent again.
      await unanswered.add(approval);
      await values.setValue(keyOf(approval), canonicalJson(verdict));
    },
    answered: (approval) => unanswered.remove(approval),
    unanswered: () => unanswered.read(),
    shown: (approval) => untold.add(approval),
    async told(approval) {
      // In this order: whoever is killed in between tells once more, and nothing comes back.
      await told.add(approval);
      await untold.remove(approval);
    },
    wasTold: async (approval) => (await told.read()).includes(approval),
    untold: () => untold.read(),
  };
}
