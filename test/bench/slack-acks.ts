import { setTimeout as delay } from "node:timers/promises";
import { asFields, asText } from "../fakes/slack/model.ts";
import { type Figure, figure, percentile } from "./figure.ts";
import type { SlackBench } from "./slack-bench.ts";

const targetMs = 200;
const speakers = new Set(["U0EMPLOYEE", "U0EMPLOYE2"]);

/** How long Slack waits for the acknowledgement of each message of people, at so many of them a second. */
export async function ackFigures(
  bench: SlackBench,
  o: {
    readonly what: string;
    readonly perSecond: number;
    readonly n: number;
    readonly say: (index: number) => void;
    readonly limit: NonNullable<Figure["limit"]>;
    readonly note: string;
  },
): Promise<readonly Figure[]> {
  const { slack } = bench.system;
  const from = slack.deliveries.length;
  const began = performance.now();
  for (let index = 0; index < o.n; index += 1) {
    await delay(Math.max(0, began + (index * 1_000) / o.perSecond - performance.now()));
    o.say(index);
  }
  const tries = () => slack.deliveries.slice(from);
  await bench.system.until(() => tries().every(({ outcome }) => outcome !== "waiting"), "the outcomes");
  // The bot's own messages come back to it as events too; they are not counted, because they cost it least.
  const people = tries().filter(({ payload }) =>
    speakers.has(asText(asFields(payload["event"]), "user") ?? ""),
  );
  const values = people.map(({ sentAt, endedAt }) => (endedAt ?? Number.NaN) - sentAt);
  const missed = people.filter(({ outcome }) => outcome !== "waiting" && !outcome.ok).length;
  const id = `ack, ${o.what}, ${o.perSecond}/s`;
  const late = missed === 0 ? "" : `; ${missed} not acknowledged within Slack's 3 s and sent again`;
  return [
    figure(`${id}, p50`, "ms", values, { limit: o.limit }),
    {
      id: `${id}, p99`,
      unit: "ms",
      value: percentile(values, 0.99),
      n: values.length,
      target: targetMs,
      note: `${o.note}${late}`,
    },
  ];
}
