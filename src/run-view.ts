import { z } from "zod";
import type {
  AgentId,
  Approval,
  ApprovalId,
  AtSign,
  ErrorInfo,
  Json,
  PersonId,
  PlanDocument,
  Run,
  StepId,
  StepStatus,
} from "./domain.ts";
import { planDocumentOf, planTextOf, textOf } from "./approval-paper.ts";
import type { WorkflowDefinition } from "./define-workflow.ts";
import type { Store } from "./ports.ts";
import { type Answered, answeredOf, type Exchange, exchangesOf, openOf } from "./run-dialogue.ts";
import type { Content, ContentFilter } from "./record-types.ts";
import { undoStories } from "./undo-stories.ts";
import type { UndoStory } from "./undo-types.ts";

/** One run with its business text opened, as cards, results and run pages show it. */
export interface RunView {
  readonly run: Run;
  readonly requestText: string;
  readonly request: { readonly customer: string; readonly item: string; readonly quantity: string } | null;
  readonly workflow: WorkflowDefinition | null;
  readonly steps: readonly StepView[];
  /** Outputs of this revision's completed steps. */
  readonly outputs: Readonly<Record<StepId, Json>>;
  readonly dialogue: readonly Answered[];
  readonly question: (Pick<Exchange, "options"> & Partial<Exchange> & { readonly text: string }) | null;
  /** The plan of this revision. */
  readonly plan: ShownPlan | null;
  readonly approvals: readonly Approval[];
  /** What belongs to each approval, by its id. */
  readonly papers: Readonly<Record<ApprovalId, ApprovalPapers>>;
  /** Undos of this revision that need or needed a person. */
  readonly undos: readonly UndoStory[];
  /** Every step but the effects. */
  readonly shadow?: true;
  /** Why this revision was rejected, in the decider's words. */
  readonly reason: string | null;
}
export interface ShownPlan {
  readonly document: PlanDocument;
  readonly hash: string;
}
export interface ApprovalPapers {
  /** Null when what is stored is not what the approval's hash says: it is shown to nobody. */
  readonly plan: ShownPlan | null;
  readonly reason: string | null;
  /** By the policy in force no click counts on it. */
  readonly signedOnly?: true;
  /** Of what somebody decided alone: who has looked at it since, and what they found. */
  readonly review?: { readonly by: PersonId; readonly at: number; readonly note: string } | null;
  /** What those who may decide asked the requester. */
  readonly asked?: readonly Exchange[];
}
export interface StepView {
  readonly id: StepId;
  readonly agent: AgentId | null;
  readonly atSign: AtSign | null;
  readonly status: StepStatus;
  readonly ms: number | null;
  readonly startedAt: number | null;
  readonly error: ErrorInfo | null;
  readonly input: Json | undefined;
  readonly output: Json | undefined;
}

const routeOutput = z.looseObject({
  outcome: z.string(),
  input: z.object({ customer: z.string(), item: z.string(), quantity: z.string() }).optional(),
});

const reviewContent = z.object({ by: z.string(), at: z.number(), note: z.string() });

/** The contents of one step and name, newest revision first. */
function newest(contents: readonly Content[], step: StepId, name: string): Content | undefined {
  return contents
    .filter((each) => each.step === step && each.name === name)
    .toSorted((a, b) => b.revision - a.revision)[0];
}

/** Loads and opens everything that may be shown of a run; the caller has checked who may see it. */
export async function loadRunView(
  store: Store,
  run: Run,
  o: {
    readonly definition: (id: string, version: number) => WorkflowDefinition | undefined;
    readonly atSignOf: (agent: AgentId) => AtSign;
    /** Told of an approval whose stored plan is another one than was put up. */
    readonly onAltered: (approval: ApprovalId) => void;
    /** Whether no click counts on it. Default: never. */
    readonly isSignedOnly?: (approval: Approval) => boolean;
    /** Only these texts are opened; the view then lacks the others. */
    readonly wanted?: ContentFilter | undefined;
  },
): Promise<RunView> {
  const [contents, approvals] = await Promise.all([
    store.contents(run.id, o.wanted),
    store.approvals({ run: run.id }),
  ]);
  const workflow =
    run.workflow === null ? null : (o.definition(run.workflow.id, run.workflow.version) ?? null);
  const agents = new Map<StepId, AgentId | null>([["route", "router"]]);
  for (const step of workflow?.steps ?? []) {
    agents.set(step.id, step.kind === "approval" ? "hitl" : step.planned.agent);
  }
  const current = (step: StepId, name: string) =>
    contents.find((each) => each.step === step && each.name === name && each.revision === run.revision) ??
    (step === "route" ? newest(contents, step, name) : undefined);
  const steps = run.steps
    .filter((step) => agents.has(step.id))
    .map((step): StepView => {
      const agent = agents.get(step.id) ?? null;
      return {
        id: step.id,
        agent,
        atSign: agent === null ? null : o.atSignOf(agent),
        status: step.status,
        startedAt: step.startedAt,
        ms: step.startedAt === null || step.endedAt === null ? null : step.endedAt - step.startedAt,
        error: step.error,
        input: current(step.id, `input:${step.attempt}`)?.value,
        output: (current(step.id, `output:${step.attempt}`) ?? current(step.id, "output"))?.value,
      };
    });
  const outputs: Record<StepId, Json> = {};
  for (const step of steps) {
    if (step.output !== undefined) {
      outputs[step.id] = step.output;
    }
  }
  const exchanges = exchangesOf(contents);
  const open = openOf(exchanges, run.revision);
  const papers: Record<ApprovalId, ApprovalPapers> = {};
  for (const approval of approvals) {
    papers[approval.id] = {
      ...papersOf(contents, approval, o.onAltered),
      ...(o.isSignedOnly?.(approval) === true ? { signedOnly: true as const } : {}),
      asked: exchanges.filter((each) => each.step === approval.step && each.revision === approval.revision),
    };
  }
  const latest = approvals.findLast((each) => each.revision === run.revision);
  const shown = latest === undefined ? undefined : papers[latest.id];
  const route = routeOutput.safeParse(outputs.route);
  return {
    run,
    requestText: z
      .string()
      .catch("")
      .parse(newest(contents, "route", "request")?.value),
    request: route.success ? (route.data.input ?? null) : null,
    workflow,
    steps,
    outputs,
    dialogue: answeredOf(exchanges),
    question: open === null || run.status !== "waiting" ? null : { ...open, text: open.question },
    plan: shown?.plan ?? null,
    approvals,
    papers,
    undos: undoStories(run, contents),
    reason: shown?.reason ?? null,
    ...(newest(contents, "route", "shadow")?.value === true ? { shadow: true as const } : {}),
  };
}

/** The texts of the approval's own revision and step; the plan only as far as its hash is the approval's. */
function papersOf(
  contents: readonly Content[],
  approval: Approval,
  onAltered: (approval: ApprovalId) => void,
): ApprovalPapers {
  const found = planTextOf(contents, approval);
  if (found === "altered") {
    onAltered(approval.id);
  }
  const document = planDocumentOf(found);
  return {
    plan: document === undefined ? null : { document, hash: approval.planHash },
    reason: z
      .string()
      .nullable()
      .catch(null)
      .parse(textOf(contents, approval, "reason")),
    review: reviewContent
      .nullable()
      .catch(null)
      .parse(textOf(contents, approval, "review")),
  };
}
