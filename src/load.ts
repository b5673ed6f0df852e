import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { AgentDefinition } from "./define-agent.ts";
import type { WorkflowDefinition } from "./define-workflow.ts";
import { AppError } from "./errors.ts";

const agentFolder = new URL("../agents/", import.meta.url);
const workflowFolder = new URL("./workflows/", import.meta.url);

/** Every agent in `agents/`, by file name: one file each, one default export, the file named after the id. */
export async function loadAgents(): Promise<readonly AgentDefinition[]> {
  const agents = (await loadFolder(agentFolder)) as readonly Loaded<AgentDefinition>[];
  for (const { name, value } of agents) {
    if (value.id !== name) {
      throw new AppError(
        "bad-definition",
        `agents/${name}.ts declares the id "${value.id}"; file and id must agree`,
      );
    }
  }
  return agents.map(({ value }) => value);
}

/** The agent with this id; throws `usage`, or what `missing` makes. */
export function agentNamed(
  agents: readonly AgentDefinition[],
  id: string,
  missing: () => AppError = () =>
    new AppError(
      "usage",
      `there is no agent "${id}"; there are: ${agents.map((each) => each.id).join(", ")}`,
    ),
): AgentDefinition {
  const found = agents.find((agent) => agent.id === id);
  if (found === undefined) {
    throw missing();
  }
  return found;
}

/** Loads what the skills of these agents load at their first use, so that no request has to wait for it. */
export async function warmAgents(names: readonly string[]): Promise<void> {
  // What several of them compute with, and by it their decimal library.
  await Promise.all([
    import("./plan/exchange.ts"),
    import("./plan/plan-checks.ts"),
    import("./plan/planned-order.ts"),
  ]);
  for (const name of names) {
    const folder = new URL(`${name}/`, agentFolder);
    const files = existsSync(folder) ? await readdir(folder) : [];
    for (const file of files.filter((each) => each.endsWith(".ts"))) {
      await import(new URL(file, folder).href);
    }
  }
}

/** Every workflow in `src/workflows/` (files with a default export), all versions; ids with versions are unique. */
export async function loadWorkflows(): Promise<readonly WorkflowDefinition[]> {
  const loaded = (await loadFolder(workflowFolder)) as readonly Loaded<WorkflowDefinition>[];
  const workflows = loaded.map(({ value }) => value);
  const keys = workflows.map((each) => `${each.id} v${each.version}`);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) {
    throw new AppError("bad-definition", `workflow ${twice} is defined twice`);
  }
  return workflows;
}

interface Loaded<T> {
  readonly name: string;
  readonly value: T;
}
/** The default exports of a folder's files; what they are was checked when they were defined. */
async function loadFolder(folder: URL): Promise<readonly Loaded<unknown>[]> {
  const entries = await readdir(fileURLToPath(folder), { withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => entry.name);
  const loaded = await Promise.all(
    files.toSorted().map(async (file) => {
      const module = (await import(new URL(file, folder).href)) as { readonly default?: unknown };
      return { name: file.replace(/\.ts$/, ""), value: module.default };
    }),
  );
  return loaded.filter(({ value }) => value !== undefined);
}
