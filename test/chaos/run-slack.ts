import { SlackChaos } from "../fakes/slack-chaos.ts";
import { runOptions, wholeNumber } from "../run-options.ts";

/** `npm run chaos:slack -- [--clicks N] [--seed N] [--bots N]`: fails when a click is lost, counted twice, or a card is left stale. */

const { clicks, bots, seed } = runOptions("chaos:slack", "People click while Slack and the bot fail.")
  .option("--clicks <n>", "so many", wholeNumber, 10_000)
  .option("--bots <n>", "in one workspace", wholeNumber, 1)
  .option("--seed <n>", "from which everything is drawn; default: another one each time", wholeNumber)
  .parse()
  .opts<{ clicks: number; bots: number; seed?: number }>();
const drawn = seed ?? Date.now() % 1_000_000;
process.stderr.write(`${clicks} clicks, seed ${drawn} …\n`);
const result = await new SlackChaos(drawn, bots).run(clicks);
process.stdout.write(`${JSON.stringify({ seed: drawn, ...result })}\n`);
process.exitCode = result.lost + result.doubled + result.stale === 0 ? 0 : 1;
