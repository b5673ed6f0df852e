import { parseArgs } from "node:util";
import { SlackChaos } from "../fakes/slack-chaos.ts";

/** `npm run chaos:slack -- [--clicks N] [--seed N] [--bots N]`: fails when a click is lost, counted twice, or a card is left stale. */

const { values } = parseArgs({
  options: {
    clicks: { type: "string", default: "10000" },
    bots: { type: "string", default: "1" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const seed = Number(values.seed);
process.stderr.write(`${values.clicks} clicks, seed ${seed} …\n`);
const result = await new SlackChaos(seed, Number(values.bots)).run(Number(values.clicks));
process.stdout.write(`${JSON.stringify({ seed, ...result })}\n`);
process.exitCode = result.lost + result.doubled + result.stale === 0 ? 0 : 1;
