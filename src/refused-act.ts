import type { TrustView } from "./define-agent.ts";
import type { ErrorInfo, Refused } from "./domain.ts";
import type { Store } from "./ports.ts";
import type { SafetyAct } from "./safety-types.ts";

/** Writes down that somebody was refused; clear facts name only people of the company, the rest is sealed text. */
export async function refusedAct(
  { store, trust }: { readonly store: Pick<Store, "appendJournal">; readonly trust: () => TrustView },
  act: SafetyAct,
  verb: string,
  error: ErrorInfo,
): Promise<Refused> {
  const person = trust().person(act.person)?.id ?? null;
  const facts = { code: error.code, verb, adapter: act.adapter, person };
  const claimed = person === null ? { body: { person: act.person.slice(0, 200) } } : {};
  await store.appendJournal([{ kind: "refusal", run: null, facts, ...claimed }]);
  return { outcome: "refused", error };
}
