import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { type ControlClient, controlClient } from "../../src/commands/control-client.ts";
import type { RunResult } from "../../src/run-result.ts";
import { TestSystem } from "../e2e/system.ts";
import type { QueueBackend } from "./limits.ts";

const accepted = z.object({ run: z.string() });
const line = z.object({
  card: z.object({
    kind: z.string(),
    steps: z.array(z.object({ id: z.string(), status: z.string() })),
    approval: z.object({ id: z.string() }).nullable(),
  }),
});
type CardSeen = z.infer<typeof line>["card"];

/** Milliseconds of one run, from outside: what a person at the terminal waits. */
export interface RunTimes {
  readonly card: number;
  readonly done: number;
  /** Of these: while a wholesaler or the mailbox had a question of ours. */
  readonly cardWaits: number;
  readonly doneWaits: number;
}

/** Customers and products whose credit and budgets bear a hundred small orders. */
const requests = [
  "2 widgets for Customer XYZ",
  "1 widget for Riddle Ridge Railways",
  "3 widgets for Customer ABC",
];
/** The looks at the mailbox come in growing pauses; the first ones, up to this long, count as waiting too. */
const mailPauseMs = 50;

/** The whole product as a person uses it, through the command line's socket. */
export class BenchSystem {
  readonly system: TestSystem;
  readonly #folder = mkdtempSync(path.join(tmpdir(), "cs-bench-"));
  readonly #waits = path.join(this.#folder, "waits");

  constructor(backend: QueueBackend) {
    const hook = new URL("./supplier-waits.ts", import.meta.url);
    hook.searchParams.set("file", this.#waits);
    this.system = new TestSystem({
      NODE_OPTIONS: `--import ${hook.href}`,
      // No Redis is found there, so that the fallback is started.
      ...(backend === "memory" ? { PATH: "/nonexistent" } : {}),
    });
  }
  get client(): ControlClient {
    return controlClient(path.join(this.system.folder, "run"), "bot");
  }

  /** Sends a request; the run's id. */
  async request(index: number): Promise<string> {
    const text = `Order the parts needed for ${requests[index % requests.length]}`;
    const body = { key: randomUUID(), text, as: "employee" };
    return accepted.parse(await this.client.post("/requests", body)).run;
  }

  /** The first card of the run that `wanted` wants. */
  async card(run: string, wanted: (card: CardSeen) => boolean): Promise<CardSeen> {
    for await (const raw of this.client.lines(`/runs/${run}/stream`)) {
      const { card } = line.parse(raw);
      if (wanted(card)) {
        return card;
      }
    }
    throw new Error(`the cards of run ${run} ended`);
  }

  /** One request from its words to its end, approved at once. */
  async run(index: number): Promise<RunTimes> {
    const [begin, startedAt] = [performance.now(), Date.now()];
    const run = await this.request(index);
    const { approval } = await this.card(run, (card) => card.approval !== null || card.kind === "result");
    const [shown, shownAt] = [performance.now(), Date.now()];
    if (approval !== null) {
      await this.client.post(`/approvals/${approval.id}`, { as: "manager", verdict: "approved" });
      await this.card(run, (card) => card.kind === "result");
    }
    const [end, endedAt] = [performance.now(), Date.now()];
    const result = (await this.client.get(`/runs/${run}/result`)) as RunResult;
    if (result.status !== "completed") {
      throw new Error(`run ${run} ended ${result.status}: ${JSON.stringify(result.error)}`);
    }
    return {
      card: shown - begin,
      done: end - shown,
      cardWaits: this.#waitsBetween(startedAt, shownAt),
      doneWaits: this.#waitsBetween(shownAt, endedAt),
    };
  }

  /** Resident and proportional memory of all processes of the system, in MB. */
  memory(): { readonly resident: number; readonly proportional: number; readonly processes: number } {
    const owned = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && this.#owns(pid));
    const kilobytes = (pid: string, field: string): number => {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
    };
    const sum = (field: string): number =>
      owned.reduce((total, pid) => total + kilobytes(pid, field), 0) / 1_024;
    return { resident: sum("Rss"), proportional: sum("Pss"), processes: owned.length };
  }

  /** Processor time that the system's processes have used so far, in milliseconds. */
  processorMs(): number {
    const ticks = readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid) && this.#owns(pid))
      .map((pid) =>
        readFileSync(`/proc/${pid}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" "),
      )
      .reduce((total, fields) => total + Number(fields[11]) + Number(fields[12]), 0);
    return ticks * 10;
  }

  /** The pid of one of the system's processes by its command, e.g. "bot"; undefined while there is none. */
  pidOf(command: string): number | undefined {
    const found = readdirSync("/proc").find((pid) => {
      if (!/^\d+$/.test(pid) || !this.#owns(pid)) {
        return false;
      }
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return words[2] === command && words[1]?.endsWith("main.ts") === true;
    });
    return found === undefined ? undefined : Number(found);
  }

  async remove(): Promise<void> {
    await this.system.remove();
    rmSync(this.#folder, { recursive: true });
  }

  /** True for a process that works in our folder, by its environment or its arguments. */
  #owns(pid: string): boolean {
    try {
      const read = (name: string): string => readFileSync(`/proc/${pid}/${name}`, "utf8");
      return read("environ").includes(this.system.folder) || read("cmdline").includes(this.system.folder);
    } catch {
      // It has ended, or belongs to somebody else.
      return false;
    }
  }

  /** The length of all times together in which a question was open. */
  #waitsBetween(from: number, to: number): number {
    const seen = z
      .array(z.tuple([z.number(), z.number(), z.boolean()]))
      .parse(existsSync(this.#waits) ? parseLines(readFileSync(this.#waits, "utf8")) : [])
      .filter(([begin, end]) => begin >= from && end <= to)
      .toSorted((a, b) => a[0] - b[0]);
    let [total, reached, mailUntil] = [0, from, Number.NEGATIVE_INFINITY];
    for (const [begin, end, isMail] of seen) {
      const since = isMail && begin - mailUntil <= mailPauseMs ? Math.min(begin, mailUntil) : begin;
      total += Math.max(0, end - Math.max(since, reached));
      reached = Math.max(reached, end);
      mailUntil = isMail ? Math.max(mailUntil, end) : mailUntil;
    }
    return total;
  }
}

function parseLines(text: string): unknown[] {
  return text
    .split("\n")
    .filter((each) => each !== "")
    .map((each) => JSON.parse(each) as unknown);
}
