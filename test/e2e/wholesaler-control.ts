import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { FaultSettings } from "../../src/sandbox/wholesalers/faults.ts";
import type { TestSystem } from "./system.ts";

/** Calls the control endpoint of the sandbox's wholesalers, whose port the sandbox keeps in its folder. */
export async function wholesalerControl(
  system: TestSystem,
  wholesaler: string,
  leaf: "orders" | "faults" | "restock",
  request: RequestInit = {},
): Promise<Response> {
  const file = path.join(system.data, "sandbox", "world", "ports.json");
  const { control = 0 } = JSON.parse(readFileSync(file, "utf8")) as Record<string, number>;
  const answer = await fetch(`http://127.0.0.1:${control}/wholesalers/${wholesaler}/${leaf}`, request);
  assert.equal(answer.status, 200, wholesaler);
  return answer;
}

/** Replaces what goes wrong at a wholesaler; nothing named: all is well again. */
export async function setFaults(
  system: TestSystem,
  wholesaler: string,
  faults: FaultSettings,
): Promise<void> {
  await wholesalerControl(system, wholesaler, "faults", {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(faults),
  });
}
