import type { SkillContext } from "../../src/define-agent.ts";
import type { ErrorInfo } from "../../src/domain.ts";

export interface TriageInput {
  readonly step: string;
  readonly agent: string;
  readonly error: ErrorInfo;
  readonly attempt: number;
  readonly irreversibleStarted: boolean;
  readonly decided: boolean;
  /** How many of the run's revisions were begun because people changed its plan. */
  readonly edits?: number;
}
export interface TriageOutput {
  action: "retry" | "alternative" | "escalate";
  delayMs: number;
  exclude: string[];
  note: string;
}

/** The declared policy. A retry is bounded by attempts, an alternative (a new revision) by revisions. */
export const triagePolicy = {
  /** After this many attempts of a step a retryable error goes to a person. */
  mostAttempts: 8,
  firstDelayMs: 2_000,
  longestDelayMs: 60_000,
  /** After this many revisions of a run nothing is revised by itself any more. */
  mostRevisions: 3,
  /** What a new plan, made from today's books and offers without the failed suppliers, can cure. */
  curedByRevision: new Set([
    "vendor-refused",
    "supplier-refused",
    "supplier-changed",
    "plan-wrong",
    "plan-expired",
    "not-held",
  ]),
  /** By these the executing agent says that nothing of a decided plan was done, nor ever is. */
  curedAfterDecision: new Set(["plan-drifted"]),
} as const;

/**
 * Retryable errors are retried, later and later, a bounded number of times; what a new plan can cure gets one, as long
 * as nobody has decided on the old one and nothing irreversible was started; everything else goes to a person. After an
 * irreversible step was started only that same step may be repeated: it is idempotent, a new plan would not be.
 */
export async function triage(context: SkillContext, input: TriageInput): Promise<TriageOutput> {
  const { step, agent, error, attempt, irreversibleStarted, decided, edits = 0 } = input;
  const { mostAttempts, firstDelayMs, longestDelayMs, mostRevisions } = triagePolicy;
  const { curedByRevision, curedAfterDecision } = triagePolicy;
  const what = `Step "${step}" (${agent}) failed with "${error.code}"`;
  if (error.retryable && attempt < mostAttempts) {
    const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.max(0, attempt - 1));
    const note = `${what}; tried ${attempt} of at most ${mostAttempts} times, again in ${delayMs / 1000} s.`;
    return { action: "retry", delayMs, exclude: [], note };
  }
  const inTime = curedByRevision.has(error.code) && !irreversibleStarted && !decided;
  if (inTime || curedAfterDecision.has(error.code)) {
    if (context.subject.revision - edits < mostRevisions) {
      const exclude = await failedSuppliers(context);
      const without = exclude.length === 0 ? "" : ` without ${exclude.join(", ")}`;
      const why = curedAfterDecision.has(error.code) ? `${what}: ${error.message}` : what;
      return { action: "alternative", delayMs: 0, exclude, note: `${why}; a new plan is made${without}.` };
    }
    return escalate(
      `${what}, and the plan was already made ${mostRevisions} times. A person must look at it.`,
    );
  }
  const placed =
    irreversibleStarted && !["nothing-placed", "plan-drifted"].includes(error.code)
      ? " Orders may have been placed: see the books."
      : "";
  return escalate(`${what}. A person must look at it.${placed}`);
}

/** Suppliers whose orders of this run failed, by the books. */
async function failedSuppliers({ books, subject }: SkillContext): Promise<string[]> {
  const rows = await books.find("orders", { run: subject.run, status: "failed" });
  return [...new Set(rows.map((row) => row.wholesaler))];
}

function escalate(note: string): TriageOutput {
  return { action: "escalate", delayMs: 0, exclude: [], note };
}
