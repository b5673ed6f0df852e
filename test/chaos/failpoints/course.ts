import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Run } from "../../../src/domain.ts";
import { type Company, type Databases, fillBooks, openDatabases, startOfDay } from "./company.ts";
import type { FailpointName } from "./failpoints.ts";
import { Life } from "./life.ts";
import { Outside } from "./outside.ts";

/** What people do with the order: the manager's answer to the card, or the requester's change of mind before it. */
export const scenarios = ["approved", "rejected", "cancelled"] as const;
export type Scenario = (typeof scenarios)[number];

const request = {
  key: "console:1/1",
  thread: "console:1",
  person: "employee",
  text: "Order the parts needed for 50 widgets for Customer XYZ",
} as const;
/** Whatever is to come has come by then, by the clock of the life and by the real one. */
const longestMs = 600_000;
const longestRealMs = 120_000;
/** Nothing was open for so long: nothing comes any more. */
const restMs = 5_000;

/**
 * A course of events: the same request and the same people, through as many lives of the company as it takes. Between
 * two lives it may be copied, to go on in different ways.
 */
export class Course {
  readonly #company: Company;
  readonly #scenario: Scenario;
  readonly outside: Outside;
  readonly #folder: string;

  private constructor(company: Company, scenario: Scenario, outside: Outside) {
    this.#company = company;
    this.#scenario = scenario;
    this.outside = outside;
    this.#folder = mkdtempSync(path.join(tmpdir(), "cs-failpoints-"));
  }

  static async begin(company: Company, scenario: Scenario): Promise<Course> {
    const course = new Course(company, scenario, new Outside(startOfDay));
    const databases = await openDatabases(course.#folder);
    await fillBooks(databases);
    await close(databases);
    return course;
  }

  copy(): Course {
    const copy = new Course(this.#company, this.#scenario, this.outside.copy());
    cpSync(this.#folder, copy.#folder, { recursive: true });
    return copy;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** What is kept, while nobody lives. */
  async look<T>(at: (databases: Databases) => Promise<T>): Promise<T> {
    const databases = await openDatabases(this.#folder);
    try {
      return await at(databases);
    } finally {
      await close(databases);
    }
  }

  /** One life, until it dies at the failpoint that is armed, or until nothing is left to do. */
  async live(armed?: FailpointName): Promise<LifeStory> {
    return this.look(async (databases) => {
      const life = new Life({ company: this.#company, outside: this.outside, databases, armed });
      const deadline = { at: life.time.now() + longestMs, real: performance.now() + longestRealMs };
      let restedSince: number | undefined;
      let stuck: string | undefined;
      for (;;) {
        await life.idle();
        if (life.points.over) {
          break;
        }
        const open = life.bot === undefined ? ["no bot"] : await this.#open(life, databases);
        if (life.points.over) {
          break;
        }
        restedSince = open.length > 0 ? undefined : (restedSince ?? life.time.now());
        if (restedSince !== undefined && life.time.now() - restedSince >= restMs) {
          break;
        }
        if (life.time.now() > deadline.at || performance.now() > deadline.real) {
          stuck = open.join(", ");
          break;
        }
        life.time.next();
      }
      const diedAt = life.points.over ? armed : undefined;
      life.end();
      const faults = [...(stuck === undefined ? [] : [`never ended: ${stuck}`]), ...life.alarms];
      return { diedAt, passed: life.passed, faults, log: life.log };
    });
  }

  /** People do what there is to do; gives what is still open. */
  async #open(life: Life, { record, books }: Databases): Promise<readonly string[]> {
    const { bot, store } = life;
    if (bot === undefined || store === undefined) {
      return ["no bot"];
    }
    const runs = await record.read((db) => db.selectFrom("runs").select(["id", "status"]).execute());
    const [run] = runs;
    if (run === undefined) {
      void bot.inbox.request(request);
      return ["no run"];
    }
    const approvals = await record.read((db) =>
      db.selectFrom("approvals").select("id").where("status", "=", "open").execute(),
    );
    for (const { id } of approvals) {
      if (this.#scenario === "cancelled") {
        void bot.inbox.cancel(run.id, "employee");
      } else {
        void bot.inbox.decision({
          approval: id,
          person: "manager",
          verdict: this.#scenario,
          adapter: "console",
          assurance: "clicked",
          ...(this.#scenario === "rejected" ? { reason: "not now" } : {}),
        });
      }
    }
    const outbox = await record.read((db) =>
      db.selectFrom("outbox").select("id").where("closed_at", "is", null).execute(),
    );
    const agentOutbox = await books.read((db) =>
      db.selectFrom("agent_outbox").select("id").where("open", "=", 1).execute(),
    );
    const cards = await record.read((db) =>
      db.selectFrom("cards").select("key").whereRef("shown_version", "<", "version").execute(),
    );
    return [
      ...(ended.has(run.status) ? [] : [`${run.id} is ${run.status}`]),
      ...outbox.map(({ id }) => id),
      ...agentOutbox.map(({ id }) => id),
      ...cards.map(({ key }) => key),
    ];
  }
}

const ended: ReadonlySet<Run["status"]> = new Set(["completed", "failed", "cancelled"]);

export interface LifeStory {
  readonly diedAt: FailpointName | undefined;
  /** The failpoints around all that it finished. */
  readonly passed: readonly FailpointName[];
  /** What should not be in any life, and what was still open when it should have been over. */
  readonly faults: readonly string[];
  readonly log: readonly string[];
}

async function close({ record, books }: Databases): Promise<void> {
  await Promise.all([record.close(), books.close()]);
}
