import type { Clock } from "../../src/ports.ts";
import type { SafetyInbox, SafetyView } from "../../src/safety-types.ts";
import { noSafety } from "./no-safety.ts";

/** A freeze as people see it: anybody freezes, two distinct people lift it. Nothing is signed or kept. */
export function officeSafety(clock: Clock): SafetyInbox {
  let freeze: SafetyView["freeze"] = null;
  const done = (text: string) => ({ outcome: "done" as const, frozen: freeze !== null, text });
  return {
    ...noSafety,
    freeze: async ({ person }, reason) => {
      freeze = { serial: 1, by: person, at: new Date(clock.now()).toISOString(), reason, lifting: [] };
      return done("Frozen: 12 of 12 agents know.");
    },
    unfreeze: async ({ person }) => {
      const lifting = freeze?.lifting ?? [];
      freeze = freeze === null || lifting.length > 0 ? null : { ...freeze, lifting: [person] };
      return done(freeze === null ? "The freeze is lifted." : "A second person must want it lifted too.");
    },
    safety: () => ({ freeze, shadow: [] }),
  };
}
