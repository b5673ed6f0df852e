import { randomBytes } from "node:crypto";
import { z } from "zod";
import { open, seal } from "../../src/link/envelope.ts";
import { type AtPlace, withAtPlace } from "./at-place.ts";
import { echoAgent, openParticipant } from "./call-agent.ts";
import { bodyBytes } from "./call-driver.ts";
import type { Child, Usage } from "./child.ts";
import { type Figure, figure, median, percentile, times } from "./figure.ts";
import { commitTimes, tlsTimes } from "./limits.ts";

const timesSchema = z.object({ times: z.array(z.number()) });
const ms = (value: number): string => value.toFixed(2);

interface Calls {
  readonly times: readonly number[];
  /** Of one call: by the caller, the called agent and the atServers. */
  readonly usage: Readonly<Record<"caller" | "agent" | "atServers", Usage>>;
}

/** A request and its result over atProtocol between two processes (and the atServers'), beside bare TLS of the same sizes. */
export async function agentCall(n: number): Promise<readonly Figure[]> {
  const durable = await withAtPlace((place) => calls(place, "durable", n));
  return withAtPlace(async (place) => {
    const memory = await calls(place, "memory", n);
    const { bytes, times: crypto } = await sealTimes(n);
    const { direct, relayed } = await tlsTimes(n, { requestBytes: bytes, replyBytes: bytes });
    const commit = await commitTimes(n);
    const p50 = { memory: median(memory.times), durable: median(durable.times) };
    const bare = { direct: median(direct), relayed: median(relayed) };
    const ratio = (id: string, value: number, target?: number): Figure => ({
      id,
      unit: "×",
      value,
      n,
      ...(target === undefined ? {} : { target }),
    });
    return [
      figure(`bare TLS round trip of ${bytes} B, direct`, "ms", direct),
      figure(`bare TLS round trip of ${bytes} B, one relay`, "ms", relayed),
      figure("seal + open of one message", "ms", crypto),
      figure("sealed request → result, nothing durable, p50", "ms", memory.times, {
        limit: { value: bare.relayed, of: "one relayed TLS round trip" },
        note:
          `seal and open, twice: ${ms(2 * median(crypto))}, hops (client → atServer → client, twice) ${ms(bare.relayed)}, ` +
          `rest ${ms(p50.memory - 2 * median(crypto) - bare.relayed)}; ${cost(memory)}`,
      }),
      ratio("… / bare TLS round trip, direct", p50.memory / bare.direct, 12),
      ratio("… / bare TLS round trip, one relay", p50.memory / bare.relayed),
      { ...figure("agent call, durable, p50", "ms", durable.times, { note: cost(durable) }), n },
      { id: "agent call, durable, p99", unit: "ms", value: percentile(durable.times, 0.99), n },
      ratio("agent call / bare TLS through one relay", p50.durable / bare.relayed),
      figure("limit: append of 4 KiB with fdatasync", "ms", commit),
    ];
  });
}

export async function calls(place: AtPlace, mode: "memory" | "durable", n: number): Promise<Calls> {
  const agent = await place.children.start("./call-agent.ts", [mode]);
  const caller = await place.children.start("./call-driver.ts", [mode]);
  const processes = { caller, agent, atServers: place.sandbox };
  const run = async (count: number, from: number): Promise<readonly number[]> =>
    timesSchema.parse(await caller.ask({ calls: count, from })).times;
  await run(Math.max(100, n / 2), 1_000_000);
  const before = await usageOf(processes);
  const seen = await run(n, 1);
  const after = await usageOf(processes);
  await caller.end();
  await agent.end();
  const each = (name: keyof typeof processes): Usage => ({
    cpu: (after[name].cpu - before[name].cpu) / n,
    full: (after[name].full - before[name].full) / n,
    normal: (after[name].normal - before[name].normal) / n,
    commitMs: (after[name].commitMs - before[name].commitMs) / n,
  });
  return {
    times: seen,
    usage: { caller: each("caller"), agent: each("agent"), atServers: each("atServers") },
  };
}

async function usageOf<K extends string>(processes: Readonly<Record<K, Child>>): Promise<Record<K, Usage>> {
  const seen: Partial<Record<K, Usage>> = {};
  for (const name of Object.keys(processes) as K[]) {
    seen[name] = await processes[name].usage();
  }
  return seen as Record<K, Usage>;
}

/** What one call costs each process. */
export function cost({ usage }: Calls): string {
  return Object.entries(usage)
    .map(([name, { cpu, full, normal, commitMs }]) => {
      const kinds = `${full.toFixed(2)} FULL, ${normal.toFixed(2)} NORMAL`;
      const commits = full + normal === 0 ? "" : `, commits ${kinds} (${ms(commitMs)} ms)`;
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
