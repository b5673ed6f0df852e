import { runOptions, wholeNumber } from "../run-options.ts";
import { fuzz } from "./fuzz.ts";

/**
 * `npm run fuzz [-- --seed N] [--inputs N] [--from I]`: both codecs of the atProtocol, 10,000,000 inputs unless told
 * otherwise. Prints where it is: a run that was ended goes on with `--from`. Ends with 1 and the input at a failure.
 */
const { seed, from, inputs } = runOptions("fuzz", "Inputs to both codecs of the atProtocol.")
  .option("--seed <n>", "from which everything is drawn", wholeNumber, 1)
  .option("--inputs <n>", "so many", wholeNumber, 10_000_000)
  .option("--from <i>", "go on with input I of the seed", wholeNumber, 0)
  .parse()
  .opts<{ seed: number; inputs: number; from: number }>();
const started = performance.now();
await fuzz({
  seed,
  from,
  inputs,
  onProgress: (next) => {
    const megabytes = Math.round(process.memoryUsage().rss / 1e6);
    process.stdout.write(`seed ${seed}: up to input ${next}, ${megabytes} MB\n`);
  },
});
const seconds = Math.round((performance.now() - started) / 1000);
process.stdout.write(`${inputs} inputs of seed ${seed} from ${from}: none fails (${seconds} s)\n`);
