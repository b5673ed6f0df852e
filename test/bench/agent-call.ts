import { randomBytes } from "node:crypto";
import { z } from "zod";
import { open, seal } from "../../src/link/envelope.ts";
import { type AtPlace, withAtPlace } from "./at-place.ts";
import { type CallItems, itemise } from "./call-items.ts";
import { echoAgent, openParticipant } from "./call-agent.ts";
import { bodyBytes } from "./call-driver.ts";
import type { Child, Usage } from "./child.ts";
import { type Figure, figure, median, percentile, times } from "./figure.ts";
import { commitTimes, type TlsTimes, withTls } from "./limits.ts";

const timesSchema = z.object({ times: z.array(z.number()) });
const ms = (value: number): string => value.toFixed(2);

const rounds = 10;
/** Until then code is still being compiled: a process that lives for long is past that. */
const warmUpCalls = 2_500;
/** What a durable call writes to disk, in order; the last is made when the result is here already. */
const durableCommits =
  "the caller's journal of the request, the agent's effect with reply, outbox row and journal; " +
  "after the result the agent's closing of its outbox row";

interface Calls {
  readonly times: readonly number[];
  readonly direct: readonly number[];
  readonly relayed: readonly number[];
  /** Of the medians of each round: other work on the machine slows both down. */
  readonly ratio: { readonly direct: readonly number[]; readonly relayed: readonly number[] };
  /** Of one call: by the caller, the called agent and the atServers. */
  readonly usage: Readonly<Record<"caller" | "agent" | "atServers", Usage>>;
  readonly items: CallItems;
}

/** A request and its result over atProtocol between two processes (and the atServers'), beside bare TLS of the same sizes. */
export async function agentCall(n: number): Promise<readonly Figure[]> {
  const { bytes, times: crypto } = await withAtPlace(() => sealTimes(n));
  return withTls({ requestBytes: bytes, replyBytes: bytes }, async (tlsTimes) => {
    const durable = await withAtPlace((place) => calls(place, { mode: "durable", n, tlsTimes }));
    const memory = await withAtPlace((place) => calls(place, { mode: "memory", n, tlsTimes }));
    const commit = await commitTimes(n);
    const hops = median(memory.relayed);
    const sealing = 2 * median(crypto);
    const { items } = memory;
    return [
      figure(`bare TLS round trip of ${bytes} B, direct`, "ms", memory.direct),
      figure(`bare TLS round trip of ${bytes} B, one relay`, "ms", memory.relayed),
      figure("seal + open of one message", "ms", crypto),
      figure("limit: append of 4 KiB with fdatasync", "ms", commit),
      figure("sealed call, nothing durable, p50", "ms", memory.times, {
        limit: { value: hops + sealing, of: "one relayed TLS round trip + seal and open, twice" },
        note: cost(memory),
      }),
      figure("the same traced, mean of the middle half", "ms", [items.whole], { note: list(items) }),
      figure("sealed call / bare TLS, direct", "×", memory.ratio.direct, {
        target: 12,
        note: floor(memory),
      }),
      figure("sealed call / bare TLS, one relay", "×", memory.ratio.relayed),
      figure("agent call, durable, p50", "ms", durable.times, {
        limit: { value: hops + sealing + 2 * median(commit), of: "that + 2 bare commits" },
        note: `${cost(durable)}; FULL are ${durableCommits}`,
      }),
      { id: "agent call, durable, p99", unit: "ms", value: percentile(durable.times, 0.99), n },
      figure("agent call, durable / bare TLS, direct", "×", durable.ratio.direct),
      figure("agent call, durable / bare TLS, one relay", "×", durable.ratio.relayed),
    ];
  });
}

/** Calls and bare round trips in turns, so that both meet the same other work. */
async function calls(
  place: AtPlace,
  o: { readonly mode: "memory" | "durable"; readonly n: number; readonly tlsTimes: TlsTimes },
): Promise<Calls> {
  const { mode, n, tlsTimes } = o;
  const agent = await place.children.start("./call-agent.ts", [mode]);
  const caller = await place.children.start("./call-driver.ts", [mode]);
  const processes = { caller, agent, atServers: place.sandbox };
  const run = async (count: number, from: number): Promise<readonly number[]> =>
    timesSchema.parse(await caller.ask({ calls: count, from })).times;
  await run(warmUpCalls, 1_000_000);
  const before = await usageOf(processes);
  const seen: { times: number[]; direct: number[]; relayed: number[] } = {
    times: [],
    direct: [],
    relayed: [],
  };
  const ratio: { direct: number[]; relayed: number[] } = { direct: [], relayed: [] };
  const count = Math.ceil(n / rounds);
  for (let round = 0; round < rounds; round += 1) {
    const taken = await run(count, round * count + 1);
    const { direct, relayed } = await tlsTimes(count);
    seen.times.push(...taken);
    seen.direct.push(...direct);
    seen.relayed.push(...relayed);
    ratio.direct.push(median(taken) / median(direct));
    ratio.relayed.push(median(taken) / median(relayed));
  }
  const after = await usageOf(processes);
  const each = (name: keyof typeof processes): Usage => perCall(before[name], after[name], count * rounds);
  const items = await itemise(processes, () => run(n, 2_000_000));
  return {
    ...seen,
    ratio,
    items,
    usage: { caller: each("caller"), agent: each("agent"), atServers: each("atServers") },
  };
}

function perCall(before: Usage, after: Usage, n: number): Usage {
  return {
    cpu: (after.cpu - before.cpu) / n,
    full: (after.full - before.full) / n,
    normal: (after.normal - before.normal) / n,
    commitCpu: (after.commitCpu - before.commitCpu) / n,
  };
}

async function usageOf<K extends string>(processes: Readonly<Record<K, Child>>): Promise<Record<K, Usage>> {
  const seen: Partial<Record<K, Usage>> = {};
  for (const name of Object.keys(processes) as K[]) {
    seen[name] = await processes[name].usage();
  }
  return seen as Record<K, Usage>;
}

/** The parts of a call; they add up. */
function list({ signing, encryption, transport, atServers, clients }: CallItems): string {
  return (
    `signatures ${ms(signing)} (Ed25519: two made, two verified), other cryptography ${ms(encryption)}, ` +
    `transport ${ms(transport)} (client → atServer → client, twice), atServers ${ms(atServers)}, ` +
    `link and SDK ${ms(clients)}`
  );
}

/** What no implementation of this protocol can be under, as a multiple of the direct round trip. */
function floor({ items, direct, relayed }: Calls): string {
  const unit = median(direct);
  const times = (value: number): string => (value / unit).toFixed(1);
  return (
    `floor: signatures ${times(items.signing)} × and bare transport ${times(median(relayed))} × ` +
    `are ${times(items.signing + median(relayed))} ×`
  );
}

/** What one call costs each process. */
function cost({ usage }: Calls): string {
  return Object.entries(usage)
    .map(([name, { cpu, full, normal, commitCpu }]) => {
      const kinds = `${full.toFixed(2)} FULL, ${normal.toFixed(2)} NORMAL`;
      const commits = full + normal === 0 ? "" : `, commits ${kinds} (${ms(commitCpu)} ms of it)`;
      return `${name} ${cpu.toFixed(2)} ms of CPU${commits}`;
    })
    .join("; ");
}

/** Sealing and opening of one message, and how many bytes of it travel. */
async function sealTimes(n: number): Promise<{ readonly bytes: number; readonly times: readonly number[] }> {
  const participant = await openParticipant("bot", { durable: false });
  const { trust, keys } = participant.identity;
  const self = trust.instanceKeys(keys.atSign, keys.instance);
  const body = { skill: "echo", input: { text: "x".repeat(bodyBytes) } };
  const sealOnce = (): Buffer =>
    seal({
      from: { ...keys, serials: self.serials },
      to: self,
      kind: "request",
      subject: { run: "bench", revision: 1, step: echoAgent.id, attempt: 1 },
      sequence: null,
      fencing: 1,
      trace: null,
      issuedAt: Date.now(),
      expiresAt: Date.now() + 60_000,
      body,
      random: randomBytes,
    }).bytes;
  const seen = await times(2 * n, async () => {
    open({
      bytes: sealOnce(),
      from: keys.atSign,
      me: keys,
      peer: (atSign, instance) => trust.instanceKeys(atSign, instance),
      now: Date.now(),
    });
  });
  await participant.close();
  // The container in base64, encrypted for the pair of atSigns and in base64 again; names and metadata are not counted.
  const bytes = Math.ceil(((Math.ceil(sealOnce().length / 3) * 4 + 16) / 3) * 4);
  return { bytes, times: seen.slice(n) };
}
