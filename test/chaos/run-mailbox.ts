import { parseArgs } from "node:util";
import { runMailbox } from "./mailbox/mailbox-run.ts";

/**
 * `npm run chaos:mailbox [-- --messages N] [--seed S] [--from I] [--block N]`: sealed requests and answers between two
 * processes through real atServers, while notifications are lost, doubled, reordered and delayed, connections cut, and
 * processes killed. Everything is drawn from the seed by the number of the message, so that a run goes on, or a part
 * of it is repeated, with `--from`. Ends with 1 when anything was lost, handled twice or altered.
 */

const { values: options } = parseArgs({
  options: {
    messages: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
    block: { type: "string", default: "1000" },
  },
});
const number = (name: keyof typeof options): number => {
  const text = options[name];
  if (!/^\d{1,9}$/.test(text)) {
    throw new Error(`--${name} ${text}: expected a whole number`);
  }
  return Number(text);
};
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const outcome = await runMailbox({
  seed: number("seed"),
  from: number("from"),
  messages: number("messages"),
  blockSize: number("block"),
  say,
});
const { messages, seconds, lost, doubled, wrong, faults, refused } = outcome;
const listed = (each: Readonly<Record<string, number>>): string =>
  Object.entries(each)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ") || "none";
say(`${messages} messages in ${seconds.toFixed(1)} s (${(messages / seconds).toFixed(0)} a second)`);
say(`faults: ${listed(faults)}`);
say(`refused: ${listed(refused)}`);
say(`${lost} lost, ${doubled} handled twice, ${wrong} altered`);
process.exitCode = lost + doubled + wrong === 0 ? 0 : 1;
