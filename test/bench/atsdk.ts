import { loadavg } from "node:os";
import { namesOf, runOptions } from "../run-options.ts";
import { agentCall } from "./agent-call.ts";
import { atStarts } from "./at-start.ts";
import { type Figure, print } from "./figure.ts";
import { idleAgents } from "./idle-agents.ts";
import { notificationRates } from "./notification-rate.ts";

/**
 * `npm run bench:atsdk [-- --quick] [--json] [--only call|rate|idle|start]`: what atProtocol costs, each figure with the
 * bare thing it stands on. Times say little on a machine that does other work: CPU and counts say more.
 */

const known = ["call", "rate", "idle", "start"] as const;
const options = runOptions(
  "bench:atsdk",
  "What atProtocol costs, each figure with the bare thing it stands on.",
)
  .option("--quick", "fewer times")
  .option("--json", "machine-readable lines", false)
  .option("--only <names>", `some of ${known.join(",")}`, namesOf(known), known)
  .parse()
  .opts<{ quick?: true; json: boolean; only: readonly (typeof known)[number][] }>();
const counts =
  options.quick === true
    ? { calls: 200, notifications: 1_600, rounds: 2, agents: 20, idleMs: 5_000, starts: 1 }
    : { calls: 1_000, notifications: 4_000, rounds: 5, agents: 100, idleMs: 30_000, starts: 3 };

const parts: Readonly<Record<(typeof known)[number], () => Promise<readonly Figure[]>>> = {
  call: () => agentCall(counts.calls),
  rate: () => notificationRates(counts.notifications, counts.rounds),
  idle: () => idleAgents(counts.agents, counts.idleMs),
  start: () => atStarts(counts.starts),
};
for (const name of options.only) {
  (await parts[name]()).forEach((each) => print(options.json, each));
  const [load = 0] = loadavg();
  print(options.json, { id: `load average after "${name}"`, value: load, unit: "", n: 1 });
}
process.exit();
