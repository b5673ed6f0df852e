import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openDatabase } from "../../adapters/store/open-database.ts";
import { readOrCreateRecordKey } from "../../adapters/store/record-key.ts";
import { recordMigrations } from "../../adapters/store/record-migrations.ts";
import { type RecordTables } from "../../adapters/store/record-schema.ts";
import { openRecordStore } from "../../adapters/store/record-store.ts";
import type { ThreadId } from "../../src/domain.ts";
import { systemClock } from "../../src/processes/system.ts";
import { SlackSystem } from "../e2e/slack-system.ts";
import type { MessagePlace } from "../fakes/slack/acts.ts";
import { startSlack } from "../fakes/slack/start-slack.ts";

const approvalsChannel = "C0ORDERS01";
/** Customers whose credit and budgets bear a hundred small orders. */
const customers = ["Customer XYZ", "Riddle Ridge Railways", "Customer ABC"];
const samples = 5;
const pauseMs = 1_000;

/** The whole product and a stand-in for Slack, both without limits of rates, as a benchmark uses them. */
export class SlackBench {
  readonly system: SlackSystem;
  #pids: Readonly<Record<string, number>> = {};

  private constructor(system: SlackSystem) {
    this.system = system;
  }
  static async open(): Promise<SlackBench> {
    const slack = await startSlack({ clock: { now: () => performance.timeOrigin + performance.now() } });
    slack.limits.enabled = false;
    const hook = new URL("./no-slack-limits.ts", import.meta.url);
    return new SlackBench(
      new SlackSystem(slack, {
        NODE_OPTIONS: `--import ${hook.href}`,
        COUNTERSIGN_SLACK_APPROVALS: approvalsChannel,
      }),
    );
  }
  async start(): Promise<void> {
    this.#pids = (await this.system.start()).pids;
  }
  /** Starts again what was stopped, over the same record. */
  async startAgain(): Promise<void> {
    this.#pids = (await this.system.system.start()).pids;
    await this.system.connected();
  }

  ask(index: number): Promise<MessagePlace> {
    return this.system.ask(requestText(index));
  }
  /** A request in the employee's direct messages with the bot: one payload each. */
  asksDirectly(index: number): void {
    this.system.slack
      .user(index % 2 === 0 ? "employee" : "employee-2")
      .says("@countersign", requestText(index));
  }
  /** Every message of the bot that still offers Approve. */
  openCards(): number {
    const { slack } = this.system;
    return [...slack.workspace.channels.keys()]
      .flatMap((channel) => slack.workspace.messages(channel))
      .filter(({ blocks }) => JSON.stringify(blocks).includes('"approve"')).length;
  }

  /** Stops the agents and the gateway in their tracks while `work` goes on, so that the bot has the machine. */
  async withoutAgents<T>(work: () => Promise<T>): Promise<T> {
    const others = ["agents", "gateway"].flatMap((name) => this.#pids[name] ?? []);
    others.forEach((pid) => process.kill(pid, "SIGSTOP"));
    try {
      return await work();
    } finally {
      others.forEach((pid) => process.kill(pid, "SIGCONT"));
    }
  }

  /** Resident memory of the bot in MB, five samples a second apart. */
  async memory(): Promise<readonly number[]> {
    const seen: number[] = [];
    while (seen.length < samples) {
      await delay(pauseMs);
      const status = readFileSync(`/proc/${this.system.botPid()}/status`, "utf8");
      seen.push(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1_024);
    }
    return seen;
  }

  /**
   * Writes `count` copies of a run that waits for its approval into the record of a system that is stopped, under ids of
   * their own and with their cards still to be posted: a thousand real runs would take the agents half an hour.
   */
  async multiply(count: number): Promise<void> {
    const { data } = this.system.system;
    const store = await openRecordStore({
      database: await openDatabase<RecordTables>({
        name: "record",
        folder: path.join(data, "bot"),
        migrations: recordMigrations,
      }),
      recordKey: readOrCreateRecordKey(path.join(data, "keys", "bot", "record.key")),
      clock: systemClock,
      writer: `bench-${randomUUID()}`,
    });
    try {
      const [approval] = await store.approvals({ open: true, limit: 1 });
      const run = approval === undefined ? undefined : await store.loadRun(approval.run);
      if (approval === undefined || run === undefined) {
        throw new Error("no run waits for its approval");
      }
      const contents = await store.contents(run.id);
      const threads = (await store.cards(`approval-${approval.id}`)).map(({ thread }): ThreadId => thread);
      const copy = async (index: number): Promise<void> => {
        const [id, own] = [`${run.id}X${index}`, `${approval.id}X${index}`];
        const commit = {
          run: { ...run, id },
          expectedVersion: 0,
          contents: contents.map((each) => ({ ...each, run: id })),
          approvals: [{ ...approval, id: own, run: id }],
          cards: [{ key: `approval-${own}`, threads }],
          journal: [],
        };
        await store.createRun(commit, `bench-${index}`);
      };
      await Promise.all(Array.from({ length: count }, (_none, index) => copy(index)));
    } finally {
      await store.close();
    }
  }
}

function requestText(index: number): string {
  return `Order the parts needed for ${1 + (index % 2)} widgets for ${customers[index % customers.length]}`;
}
