import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";

/**
 * `npm run fuzz [-- --seed N] [--inputs N] [--from I]`: both codecs of the atProtocol, 10,000,000 inputs unless told
 * otherwise. Prints where it is: a run that was ended goes on with `--from`. Ends with 1 and the input at a failure.
 */
const { values: options } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    inputs: { type: "string", default: "10000000" },
    from: { type: "string", default: "0" },
  },
});
const number = (name: "seed" | "inputs" | "from"): number => {
  const text = options[name];
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} ${text}: expected a whole number`);
  return Number(text);
};
const [seed, from, inputs] = [number("seed"), number("from"), number("inputs")];
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
