import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import companyConfig from "../../countersign.config.ts";
import { readSettings } from "../../src/config.ts";
import type { AgentDefinition } from "../../src/define-agent.ts";
import type { Person } from "../../src/domain.ts";
import { setUpCompany } from "../../src/processes/setup.ts";
import type { SandboxInfo } from "../../src/processes/sandbox.ts";
import { echoAgent } from "./call-agent.ts";
import { type Child, Children } from "./child.ts";

/** A sandbox in a process of its own, and a company with one agent; its settings are this process's environment. */
export interface AtPlace {
  readonly children: Children;
  readonly sandbox: Child;
}

/** Runs `work` with a fresh place, and removes it. */
export async function withAtPlace<T>(
  work: (place: AtPlace) => Promise<T>,
  o: { readonly agents: readonly AgentDefinition[]; readonly people: readonly Person[] } = {
    agents: [echoAgent],
    people: [],
  },
): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-bench-"));
  const children = new Children();
  const environment = {
    COUNTERSIGN_DATA: path.join(folder, "data"),
    COUNTERSIGN_RUNTIME: path.join(folder, "run"),
  };
  Object.assign(process.env, environment);
  try {
    const sandbox = await children.start("../../src/main.ts", ["sandbox"], environment);
    const { directory, caFile } = (sandbox.ready as { info: SandboxInfo }).info;
    Object.assign(process.env, {
      COUNTERSIGN_AT_DIRECTORY: `${directory.host}:${directory.port}`,
      COUNTERSIGN_AT_CA_FILE: caFile,
    });
    await setUpCompany({
      settings: readSettings(process.env),
      config: companyConfig,
      ...o,
      place: { directory, caFile },
      demo: true,
    });
    return await work({ children, sandbox });
  } finally {
    await children.stop();
    rmSync(folder, { recursive: true });
  }
}
