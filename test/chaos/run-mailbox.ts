import { parseArgs } from "node:util";
import { runMailbox } from "./mailbox/mailbox-run.ts";

/**
 * `npm run chaos:mailbox [-- --messages N] [--seed S] [--from I] [--block N] [--federated]`: sealed requests and answers
 * between two processes through real atServers, while notifications are lost, doubled, reordered and delayed,
 * connections cut, and processes killed; with `--federated` each side's atServer is a process of its own. Everything is
 * drawn from the seed by the number of the message, so that a run goes on, or a part of it is repeated, with `--from`.
 * Interrupted (Ctrl-C), it says what came of it so far. Ends with 1 when anything was lost, handled twice or altered.
 */

const { values: options } = parseArgs({
  options: {
    messages: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    block: { type: "string", default: "1000" },
    federated: { type: "boolean", default: false },
  },
});
const number = (name: "messages" | "seed" | "from" | "block"): number => {
  const text = options[name];
  if (!/^\d{1,9}$/.test(text)) {
    throw new Error(`--${name} ${text}: expected a whole number`);
  }
  return Number(text);
};
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => stopping.abort());
}
const outcome = await runMailbox({
  seed: number("seed"),
  from: number("from"),
  messages: number("messages"),
  blockSize: number("block"),
  isFederated: options.federated,
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
  say(`interrupted: ${unanswered} were still to be answered; to go on: --from ${number("from") + answered}`);
}
say(`faults: ${listed(faults)}`);
say(`refused: ${listed(refused)}`);
say(`${lost} lost, ${doubled} handled twice, ${wrong} altered`);
process.exitCode = lost + doubled + wrong === 0 && !stopping.signal.aborted ? 0 : 1;
