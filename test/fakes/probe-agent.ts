import { z } from "zod";
import { defineAgent, skill, type SkillContext } from "../../src/define-agent.ts";
import { AppError } from "../../src/errors.ts";

/** What the skills of `probeAgent` did and what they are to do next. */
export interface Probe {
  calls: string[];
  /** "wait" waits at it. */
  gate: PromiseWithResolvers<void>;
  /** The context "look" was given last. */
  seen: SkillContext | undefined;
  /** Whether "note" succeeds for the yen too. */
  lucky: boolean;
  /** Thrown by "look" and "note". */
  trouble: AppError | undefined;
}
export const probe: Probe = fresh();

export function resetProbe(): void {
  Object.assign(probe, fresh());
}

function fresh(): Probe {
  return { calls: [], gate: Promise.withResolvers(), seen: undefined, lucky: false, trouble: undefined };
}

function troubled(): void {
  if (probe.trouble !== undefined) {
    throw probe.trouble;
  }
}

const input = z.strictObject({ id: z.string() });
const output = z.strictObject({ id: z.string() });
const insert = { rate: "2", asOf: "2026-01-31" };

/** An agent with one skill of each kind, for the tests of the host. */
export const probeAgent = defineAgent({
  id: "supply",
  description: "for tests",
  skills: {
    look: skill({
      effect: "read",
      input,
      output,
      run: async (context, { id }) => {
        probe.seen = context;
        probe.calls.push(`look ${id}`);
        troubled();
        return { id };
      },
    }),
    note: skill({
      effect: "write",
      undo: "unnote",
      input,
      output,
      run: async ({ books }, { id }) => {
        probe.calls.push(`note ${id}`);
        troubled();
        await books.insert("rates", { id, ...insert });
        if (id === "JPY" && !probe.lucky) {
          throw new AppError("no-luck", "try later", { retryable: true });
        }
        return { id };
      },
    }),
    unnote: skill({
      effect: "write",
      input: z.strictObject({}),
      output: z.strictObject({}),
      run: async ({ subject }) => {
        probe.calls.push(`unnote ${subject.step}`);
        return {};
      },
    }),
    wait: skill({
      effect: "read",
      input: z.strictObject({}),
      output: z.strictObject({}),
      run: async ({ signal }) => {
        probe.calls.push("wait");
        signal.addEventListener("abort", () =>
          probe.calls.push(`aborted: ${(signal.reason as AppError).code}`),
        );
        await probe.gate.promise;
        return {};
      },
    }),
    wrong: skill({ effect: "read", input: z.any(), output, run: async () => ({ id: 5 }) as never }),
    crash: skill({
      effect: "read",
      input: z.any(),
      output,
      run: async () => {
        throw new TypeError("a bug");
      },
    }),
    ungranted: skill({ effect: "read", input: z.any(), output, run: async () => ({ id: "never" }) }),
    "place-orders": skill({
      effect: "irreversible",
      requires: "mandate",
      input: z.strictObject({}),
      output: z.strictObject({ total: z.string() }),
      run: async (context, _input, mandate) => {
        probe.calls.push("place-orders");
        await context.transact((books) => books.insert("rates", { id: "USD", ...insert }));
        return { total: mandate?.plan.total.amount ?? "" };
      },
    }),
  },
});
/** What the trust document grants of them. */
export const grantedSkills = Object.keys(probeAgent.skills).filter((name) => name !== "ungranted");
