import { z } from "zod";
import type { Child } from "./child.ts";
import { type Mark, marksSchema } from "./trace-calls.ts";

/** Where the time of a call went, milliseconds; the parts add up to the whole. */
export interface CallItems {
  readonly whole: number;
  /** Ed25519: two signatures and two verifications. */
  readonly signing: number;
  /** X25519-derived keys, AES-GCM, hashes, and atProtocol's AES of the same values. */
  readonly encryption: number;
  /** From the start of each write to the arrival at the next process: TLS, kernel, waking up. Four times. */
  readonly transport: number;
  /** From the arrival at an atServer to the start of its write to the monitor. Twice. */
  readonly atServers: number;
  /** All else in the caller's and the agent's process: link and SDK. */
  readonly clients: number;
}

interface Processes {
  readonly caller: Child;
  readonly agent: Child;
  readonly atServers: Child;
}

const answerSchema = z.object({ marks: marksSchema });
/** Who must have noted what in a call, in this order. */
const path = [
  ["caller", "began"],
  ["caller", "out"],
  ["atServers", "in"],
  ["atServers", "out"],
  ["agent", "in"],
  ["agent", "out"],
  ["atServers", "in"],
  ["atServers", "out"],
  ["caller", "in"],
  ["caller", "ended"],
] as const;

/** Traces the calls that `run` makes: the means over the half of them in the middle, by duration. */
export async function itemise(processes: Processes, run: () => Promise<unknown>): Promise<CallItems> {
  await marksOf(processes);
  await run();
  const marks = await marksOf(processes);
  const calls = marks.flatMap((each, index) => {
    const call = marks.slice(index, index + path.length);
    const isWhole = path.every(([who, kind], place) => call[place]?.who === who && call[place].kind === kind);
    return isWhole && each.kind === "began" ? [itemsOf(call)] : [];
  });
  const quarter = Math.floor(calls.length / 4);
  const middle = calls.toSorted((a, b) => a.whole - b.whole).slice(quarter, calls.length - quarter);
  const mean = (name: keyof CallItems): number =>
    middle.reduce((sum, each) => sum + each[name], 0) / middle.length;
  return {
    whole: mean("whole"),
    signing: mean("signing"),
    encryption: mean("encryption"),
    transport: mean("transport"),
    atServers: mean("atServers"),
    clients: mean("clients"),
  };
}

type Noted = Mark & { readonly who: keyof Processes };

/** What all processes noted since they were last asked, by time. */
async function marksOf(processes: Processes): Promise<readonly Noted[]> {
  const found: Noted[] = [];
  for (const who of ["caller", "agent", "atServers"] as const) {
    const { marks } = answerSchema.parse(await processes[who].ask({ trace: true }));
    found.push(...marks.map((each) => ({ ...each, who })));
  }
  return found.toSorted((a, b) => a.at - b.at);
}

function itemsOf(call: readonly Noted[]): CallItems {
  const between = (from: number, to: number, name: "at" | "signing" | "other"): number =>
    (call[to]?.[name] ?? Number.NaN) - (call[from]?.[name] ?? Number.NaN);
  const ofClients = (name: "at" | "signing" | "other"): number =>
    between(0, 1, name) + between(4, 5, name) + between(8, 9, name);
  const [signing, encryption] = [ofClients("signing"), ofClients("other")];
  return {
    whole: between(0, 9, "at"),
    signing,
    encryption,
    transport: between(1, 2, "at") + between(3, 4, "at") + between(5, 6, "at") + between(7, 8, "at"),
    atServers: between(2, 3, "at") + between(6, 7, "at"),
    clients: ofClients("at") - signing - encryption,
  };
}
