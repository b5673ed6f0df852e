import { decryptAes, encryptAes, newAesKey, newIv } from "../../src/atsdk/aes.ts";
import { atSignsOf, withAtServers, type AtServers } from "./at-servers.ts";
import type { Usage } from "./child.ts";
import { type Figure, figure, median, times } from "./figure.ts";

const payloadBytes = 1_000;
const cryptoRuns = 2_000;

/** How many notifications pass per second from some sending atSigns to one receiver, all of them decrypted. */
export async function notificationRates(n: number, rounds: number): Promise<readonly Figure[]> {
  const atSigns = atSignsOf(9);
  return withAtServers(atSigns, async (place) => [
    ...(await rate(place, { senders: atSigns.slice(1), n, rounds, target: 3_000 })),
    ...(await rate(place, { senders: atSigns.slice(1, 2), n: n / 2, rounds, target: 1_000 })),
  ]);
}

async function rate(
  place: AtServers,
  o: {
    readonly senders: readonly string[];
    readonly n: number;
    readonly rounds: number;
    readonly target: number;
  },
): Promise<readonly Figure[]> {
  const { servers } = place;
  const [to = ""] = atSignsOf(1);
  const receiver = await place.clients("receive", [to]);
  const sender = await place.clients("send", o.senders);
  const count = Math.ceil(o.n / o.senders.length);
  const total = count * o.senders.length;
  const round = async (): Promise<void> => {
    const received = receiver.ask({ receive: total });
    await Promise.all([sender.ask({ send: count, to, bytes: payloadBytes }), received]);
  };
  const usage = (): Promise<readonly [Usage, Usage, Usage]> =>
    Promise.all([sender.usage(), servers.usage(), receiver.usage()]);
  await round();
  const before = await usage();
  const seen = await times(o.rounds, round);
  const after = await usage();
  await sender.end();
  await receiver.end();
  const all = o.rounds * total;
  const each = after.map(({ cpu }, index) => (cpu - (before[index]?.cpu ?? 0)) / all);
  const cpu = each.reduce((sum, one) => sum + one, 0);
  const commits = after[1].normal + after[1].full - before[1].normal - before[1].full;
  const commitCpu = (after[1].commitCpu - before[1].commitCpu) / all;
  const crypto = median(await aesTimes());
  const us = (ms: number): string => `${Math.round(ms * 1_000)} µs`;
  const share = (ms: number): string => `${Math.round((100 * ms) / cpu)} %`;
  const rates = seen.map((ms) => total / (ms / 1_000));
  const name = o.senders.length === 1 ? "one sending atSign" : `${o.senders.length} sending atSigns`;
  return [
    figure(`notifications of ${payloadBytes} B, ${name}`, "per s", rates, {
      atLeast: o.target,
      limit: {
        value: 1_000 / Math.max(...each),
        of: "1 / CPU of the busiest process: no other work, a core for each",
      },
      note:
        `CPU of each: sender ${us(each[0] ?? 0)}, atServers ${us(each[1] ?? 0)}, receiver ${us(each[2] ?? 0)}; ` +
        `of this value encryption and decryption ${us(crypto)} (${share(crypto)}), ` +
        `commits ${us(commitCpu)} (${share(commitCpu)}; ${(commits / all).toFixed(3)} commits, none FULL)`,
    }),
  ];
}

/** Milliseconds for encryption and decryption of one payload. */
function aesTimes(): Promise<readonly number[]> {
  const [key, iv, text] = [newAesKey(), newIv(), "x".repeat(payloadBytes)];
  return times(cryptoRuns, async () => decryptAes(encryptAes(text, key, iv), key, iv));
}
