import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { agentCall } from "./agent-call.ts";
import { atStarts } from "./at-start.ts";
import { type Figure, print } from "./figure.ts";
import { idleAgents } from "./idle-agents.ts";
import { notificationRates } from "./notification-rate.ts";

/**
 * `npm run bench:atsdk [-- --quick] [--json] [--only call|rate|idle|start]`: what atProtocol costs, each figure with the
 * bare thing it stands on. Times say little on a machine that does other work: CPU and counts say more.
 */

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    only: { type: "string" },
  },
});
const counts = options.quick
  ? { calls: 200, notifications: 1_600, rounds: 2, agents: 20, idleMs: 5_000, starts: 1 }
  : { calls: 1_000, notifications: 4_000, rounds: 5, agents: 100, idleMs: 30_000, starts: 3 };

const parts: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  call: () => agentCall(counts.calls),
  rate: () => notificationRates(counts.notifications, counts.rounds),
  idle: () => idleAgents(counts.agents, counts.idleMs),
  start: () => atStarts(counts.starts),
};
for (const name of options.only === undefined ? Object.keys(parts) : [options.only]) {
  const part = parts[name];
  if (part === undefined) {
    throw new Error(`--only ${name}: expected one of ${Object.keys(parts).join(", ")}`);
  }
  (await part()).forEach((each) => print(options.json, each));
  const [load = 0] = loadavg();
  print(options.json, { id: `load average after "${name}"`, value: load, unit: "", n: 1 });
}
process.exit();
