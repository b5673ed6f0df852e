import { runOptions, wholeNumber } from "../run-options.ts";
import { runMailbox } from "./mailbox/mailbox-run.ts";

/**
 * `npm run chaos:mailbox [-- --messages N] [--seed S] [--from I] [--block N] [--federated]`: sealed requests and answers
 * between two processes through real atServers, while notifications are lost, doubled, reordered and delayed,
 * connections cut, and processes killed; with `--federated` each side's atServer is a process of its own. Everything is
 * drawn from the seed by the number of the message, so that a run goes on, or a part of it is repeated, with `--from`.
 * Interrupted (Ctrl-C), it says what came of it so far. Ends with 1 when anything was lost, handled twice or altered.
 */

const options = runOptions(
  "chaos:mailbox",
  "Sealed messages between two processes, while all around them fails.",
)
  .option("--messages <n>", "so many", wholeNumber, 2_000)
  .option("--seed <s>", "from which everything is drawn", wholeNumber, 1)
  .option("--from <i>", "go on with message I of the seed", wholeNumber, 0)
  .option("--block <n>", "a process is killed once in so many messages", wholeNumber, 1_000)
  .option("--federated", "each side's atServer is a process of its own")
  .parse()
  .opts<{ messages: number; seed: number; from: number; block: number; federated?: true }>();
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => stopping.abort());
}
const outcome = await runMailbox({
  seed: options.seed,
  from: options.from,
  messages: options.messages,
  blockSize: options.block,
  isFederated: options.federated === true,
  signal: stopping.signal,
  say,
});
const { answered, unanswered, seconds, lost, doubled, wrong, faults, refused } = outcome;
const listed = (each: Readonly<Record<string, number>>): string =>
  Object.entries(each)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ") || "none";
say(`${answered} messages in ${seconds.toFixed(1)} s (${(answered / seconds).toFixed(0)} a second)`);
if (stopping.signal.aborted) {
  say(`interrupted: ${unanswered} were still to be answered; to go on: --from ${options.from + answered}`);
}
say(`faults: ${listed(faults)}`);
say(`refused: ${listed(refused)}`);
say(`${lost} lost, ${doubled} handled twice, ${wrong} altered`);
process.exitCode = lost + doubled + wrong === 0 && !stopping.signal.aborted ? 0 : 1;
