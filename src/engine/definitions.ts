import { z } from "zod";
import type { AgentDefinition } from "../define-agent.ts";
import type { WorkflowDefinition } from "../define-workflow.ts";
import { AppError } from "../errors.ts";
import type { OpenWorkflow } from "../record-types.ts";

/** The definitions a bot runs with: every version that an open run may need, and the agents no workflow names. */
export interface Definitions {
  readonly workflows: readonly WorkflowDefinition[];
  readonly router: AgentDefinition;
  readonly hitl: AgentDefinition;
}

/** What the router answers, apart from what its own schema says of it. */
export const routeOutput = z.discriminatedUnion("outcome", [
  z.looseObject({
    outcome: z.literal("workflow"),
    workflow: z.string(),
    version: z.number(),
    input: z.json(),
  }),
  z.looseObject({ outcome: z.literal("question"), question: z.string(), options: z.array(z.string()) }),
  z.looseObject({ outcome: z.literal("unsupported"), message: z.string() }),
]);

/** The definition of a workflow's version, if this bot has it. */
export function findWorkflow(
  definitions: Definitions,
  ref: { readonly id: string; readonly version: number },
): WorkflowDefinition | undefined {
  return definitions.workflows.find((each) => each.id === ref.id && each.version === ref.version);
}

/** What the router may choose from: the newest version of each workflow. */
export function newestWorkflows(definitions: Definitions): readonly WorkflowDefinition[] {
  return definitions.workflows.filter(
    (each) => !definitions.workflows.some((other) => other.id === each.id && other.version > each.version),
  );
}

/**
 * Fails with "workflow-missing" or "workflow-changed" when an open run needs a definition that this bot does not have
 * as it was: such a run could neither go on nor be undone.
 */
export function assertRunnable(definitions: Definitions, open: readonly OpenWorkflow[]): void {
  for (const { run, workflow } of open) {
    const name = `workflow "${workflow.id}" version ${workflow.version}`;
    const found = findWorkflow(definitions, workflow);
    if (found === undefined) {
      throw new AppError(
        "workflow-missing",
        `${name} is needed by open run ${run} and is not defined any more: put its file in src/workflows back, beside the newer one, until no run needs it; or end the run with the release that has it ("countersign cancel ${run}")`,
      );
    }
    if (found.structure !== workflow.structure) {
      throw new AppError(
        "workflow-changed",
        `${name} is needed by open run ${run} and has changed: restore it, and give the change a file and version of its own (version ${workflow.version + 1})`,
      );
    }
  }
}
