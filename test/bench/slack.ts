import { setTimeout as delay } from "node:timers/promises";
import { type Figure, figure, median, percentile } from "./figure.ts";
import { commitTimes, webSocketTimes } from "./limits.ts";
import { ackFigures } from "./slack-acks.ts";
import { SlackBench } from "./slack-bench.ts";

/** A click's payload, with the message that it was made in. */
const payloadBytes = 8_000;
const warmUp = 5;
/** People read before they click: the card that was posted last has rested by then. */
const readingMs = 1_200;
/** After the last card of a run Slack changes nothing for longer than a card rests. */
const settledMs = 1_500;
/** Copies of an approval card: in the channel of approvals and in the direct messages of two managers. */
const copies = 3;
const rates = [1, 10, 100] as const;
/** So many seconds long, but some even at the lowest rate. */
const rateEvents = (perSecond: number, seconds: number): number =>
  Math.max(perSecond * seconds, Math.min(30, seconds * 3));

interface Counts {
  readonly limits: number;
  readonly clicks: number;
  readonly openCards: number;
  /** Seconds of events at each rate. */
  readonly events: number;
}
interface Limits {
  readonly trip: number;
  readonly commit: number;
}

/** What people in Slack wait for; Slack's limits of rates, the stand-in's and ours, are off. */
export async function slackFigures(counts: Counts, say: (each: Figure) => void): Promise<void> {
  const limits: Limits = {
    trip: median(await webSocketTimes(counts.limits, payloadBytes)),
    commit: median(await commitTimes(counts.limits)),
  };
  await withBench(async (bench) => {
    const idle = await bench.memory();
    await talk(bench, counts, limits, say);
    await clicks(bench, counts, limits, say);
    await memory(bench, counts, idle, say);
    const note = "each commits a run and has it dispatched and shown; agents and gateway stand still";
    await bench.withoutAgents(() => requests(bench, { what: "requests", note }, counts, limits, say));
  });
  await withBench(async (bench) => {
    const note = "agents, gateway and stand-in compete with the bot for this machine's cores";
    await requests(bench, { what: "requests, agents at work", note }, counts, limits, say);
  });
}

async function withBench(measure: (bench: SlackBench) => Promise<void>): Promise<void> {
  const bench = await SlackBench.open();
  try {
    await bench.start();
    await measure(bench);
  } finally {
    await bench.system.stop();
  }
}

/** Messages of people to each other: most of what Slack tells a bot. */
async function talk(bench: SlackBench, counts: Counts, { trip }: Limits, say: (each: Figure) => void) {
  const limit = { value: trip, of: "a WebSocket round trip on loopback" };
  for (const perSecond of rates) {
    const n = rateEvents(perSecond, counts.events);
    const speak = (index: number) => {
      bench.system.slack.user("employee").says("orders", `the lorry is late again, ${index}`);
    };
    const note = "messages in a channel that are none of the bot's business";
    (await ackFigures(bench, { what: "talk", perSecond, n, say: speak, limit, note })).forEach(say);
  }
}

/** The hardest events: each starts a run, and its commit comes before the acknowledgement. */
async function requests(
  bench: SlackBench,
  o: { readonly what: string; readonly note: string },
  counts: Counts,
  limits: Limits,
  say: (each: Figure) => void,
) {
  const limit = commitLimit(limits, 1);
  for (const perSecond of rates) {
    const n = rateEvents(perSecond, counts.events);
    const ask = (index: number) => bench.asksDirectly(index);
    (await ackFigures(bench, { ...o, perSecond, n, say: ask, limit })).forEach(say);
  }
}

function commitLimit({ trip, commit }: Limits, trips: number): NonNullable<Figure["limit"]> {
  const [way, write] = [trip.toFixed(2), commit.toFixed(2)];
  return {
    value: trips * trip + commit,
    of: `${trips} loopback round trips of ${way} + 1 bare commit of ${write} ms`,
  };
}

/** Whole runs, one after the other, each approved by a click. */
async function clicks(bench: SlackBench, counts: Counts, limits: Limits, say: (each: Figure) => void) {
  const { slack } = bench.system;
  const [committed, final]: [number[], number[]] = [[], []];
  for (let index = 0; index < warmUp; index += 1) {
    await oneRun(bench, index);
  }
  const before = slack.calls.length;
  for (let index = 0; index < counts.clicks; index += 1) {
    const times = await oneRun(bench, warmUp + index);
    committed.push(times.committed);
    final.push(times.final);
  }
  const calls = slack.calls.slice(before).map(({ method }) => method);
  const p99 = (id: string, values: readonly number[], target: number): Figure => ({
    id,
    unit: "ms",
    value: percentile(values, 0.99),
    n: values.length,
    target,
  });
  say(figure("click → decision committed, p50", "ms", committed, { limit: commitLimit(limits, 1) }));
  say(p99("click → decision committed, p99", committed, 150));
  say(figure("click → all copies final, p50", "ms", final, { limit: commitLimit(limits, 2) }));
  say(p99("click → all copies final, p99", final, 1_500));
  const methods = [...new Set(calls)].toSorted();
  const perRun = (method?: string): number =>
    calls.filter((each) => method === undefined || each === method).length / counts.clicks;
  say({
    id: "API calls per completed run",
    unit: "calls",
    value: perRun(),
    n: counts.clicks,
    limit: {
      value: 2 * copies + 2,
      of: `each of the approval's ${copies} copies posted and made final, a progress card posted, the result posted`,
    },
    note: methods.map((method) => `${method} ${perRun(method).toFixed(1)}`).join(", "),
  });
}

/** One run from request to result; milliseconds from the click to its acknowledgement and to the last final copy. */
async function oneRun(bench: SlackBench, index: number) {
  const { system } = bench;
  const { slack } = system;
  const managers = ["manager", "manager-2"];
  const seen = (name: string) =>
    new Set(
      slack
        .user(name)
        .sees("@countersign")
        .map(({ ts }) => ts),
    );
  const before = managers.map(seen);
  const place = await bench.ask(index);
  const cards = await Promise.all(managers.map((name, at) => system.approvalCard(name, before[at])));
  const inChannel = () =>
    slack.workspace
      .messages("C0ORDERS01")
      .findLast(({ blocks }) => JSON.stringify(blocks).includes('"approve"'));
  await system.until(() => inChannel() !== undefined, "the channel's copy");
  const shown = inChannel();
  const all = [...cards, { channel: shown?.channel ?? "", ts: shown?.ts ?? "" }];
  await delay(readingMs);
  const [card] = cards;
  if (card === undefined) {
    throw new Error("no approval card");
  }
  const clicked = performance.now();
  const isFinal = () => all.every((each) => !system.textAt(each).includes('"approve"'));
  const finished = slack.until(isFinal, "final copies").then(() => performance.now());
  const outcome = await slack.user("manager").clicks(card, "approve");
  const acknowledged = performance.now();
  if (!outcome.ok) {
    throw new Error(`a click failed: ${outcome.error}`);
  }
  const ended = await finished;
  await system.done(place);
  await delay(settledMs);
  return { committed: acknowledged - clicked, final: ended - clicked };
}

/** The bot with many open approval cards, and idle before its first run. */
async function memory(
  bench: SlackBench,
  { openCards }: Counts,
  idle: readonly number[],
  say: (each: Figure) => void,
) {
  const { system } = bench;
  const seen = new Set(
    system.slack
      .user("manager")
      .sees("@countersign")
      .map(({ ts }) => ts),
  );
  await bench.ask(0);
  await system.approvalCard("manager", seen);
  await delay(settledMs);
  await system.system.stop();
  await bench.multiply(openCards - 1);
  await bench.startAgain();
  await system.until(() => bench.openCards() >= openCards * copies, "all approval cards");
  const full = await bench.memory();
  say(figure("bot's memory, idle", "MB", idle, { note: "resident, the bot's process alone" }));
  say(
    figure(`bot's memory, ${openCards} open approvals`, "MB", full, {
      note: `resident, soon after it has posted ${openCards * copies} cards: ${copies} copies of each`,
    }),
  );
}
