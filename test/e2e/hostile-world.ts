import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { readJournal } from "../../adapters/store/journal-store.ts";
import { readSettings } from "../../src/config.ts";
import type { Signed } from "../../src/domain.ts";
import type { CountersignedDecision, Mandate } from "../../src/mandate-types.ts";
import { openCompanyBooks } from "../../src/processes/company-books.ts";
import { HostileBot, verdictBy } from "./hostile-bot.ts";
import { type Papers, papersOf } from "./mandate-papers.ts";
import { answerOf, OwnMachine } from "./own-machine.ts";
import { TestSystem } from "./system.ts";

const patienceMs = 120_000;

/** A company with a bot in hostile hands, and two managers who countersign on three machines of their own. */
export class HostileWorld {
  readonly system = new TestSystem();
  readonly mona = new OwnMachine(this.system, "manager");
  readonly laptop = new OwnMachine(this.system, "manager", "laptop");
  readonly milo = new OwnMachine(this.system, "manager-2");
  /** What must be in the journals of those who refused. */
  readonly #expected: { readonly by: "supply" | "hitl"; readonly code: string }[] = [];
  /** The company's document before anybody had a machine: genuine, and old. */
  firstDocument = "";
  #bot: HostileBot | undefined;

  async start(): Promise<void> {
    const ready = await this.system.start();
    this.firstDocument = readFileSync(this.trustFile("trust.json"), "utf8");
    const { companyKey } = await answerOf<{ companyKey: string }>(this.system.run("trust", "show", "--json"));
    await this.mona.enroll(companyKey);
    await this.laptop.enroll(companyKey, this.mona);
    await this.milo.enroll(companyKey);
    this.#bot = await HostileBot.open(this.system, ready);
  }
  async remove(): Promise<void> {
    await this.#bot?.close();
    this.#bot = undefined;
    await this.system.remove();
  }
  get bot(): HostileBot {
    assert.ok(this.#bot);
    return this.#bot;
  }
  trustFile(name: string): string {
    return path.join(this.system.data, "trust", name);
  }
  /** A request that waits for its decision. */
  async asked(text: string, ...args: readonly string[]): Promise<Papers> {
    const { result } = await this.system.ask(text, ...args);
    assert.equal(result.status, "waiting", JSON.stringify(result.error));
    return papersOf(this.system, result.run);
  }
  /** Supply must refuse it, and write that down. */
  async refused(
    code: string,
    papers: Papers,
    decisions: readonly Signed<unknown>[],
    change: { readonly plan?: string; readonly revision?: number; readonly mandate?: Partial<Mandate> } = {},
  ): Promise<void> {
    const { plan = papers.mandate.plan, revision = 1, mandate = {} } = change;
    const whole = { ...papers.mandate, plan, decisions, ...mandate };
    const answer = await this.bot.order(papers.run, whole, { revision });
    assert.deepEqual([answer.kind, answer.code], ["error", code], answer.message);
    this.expects("supply", code);
  }
  /** The HITL agent must. */
  async refusedByHitl(code: string, papers: Papers, ...evidence: readonly unknown[]): Promise<void> {
    const answer = await this.bot.askHitl(papers, ...evidence);
    assert.deepEqual([answer.kind, answer.code], ["error", code], answer.message);
    this.expects("hitl", code);
  }
  /** Two clicks that never were, for the HITL agent to sign. */
  clicks(papers: Papers) {
    return [this.bot.click(papers, "manager"), this.bot.click(papers, "manager-2")] as const;
  }
  /** Both managers' genuine signatures, also on what they would never have signed. */
  async both(papers: Papers, change: Partial<CountersignedDecision> = {}) {
    return [
      await this.mona.sign(verdictBy("manager", papers, change)),
      await this.milo.sign(verdictBy("manager-2", papers, change)),
    ] as const;
  }
  /** What is right but for its attestations, which are from before: how it is refused says what is believed by now. */
  async codeOf(papers: Papers, ...decisions: readonly Signed<unknown>[]): Promise<string> {
    return (await this.bot.order(papers.run, { ...papers.mandate, decisions })).code;
  }
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!(await isSo())) {
      assert.ok(performance.now() < deadline, `${what}: not within ${patienceMs} ms`);
      await pause(100);
    }
  }
  /** Puts papers into the folder that all processes here read, and waits until each has looked at them and refused. */
  async planted(papers: Readonly<Record<string, unknown>>, code: string): Promise<() => void> {
    const seen = () => this.system.logs().split(`"code":"${code}"`).length;
    const before = seen();
    const restore = Object.entries(papers).map(([name, paper]) => {
      const file = this.trustFile(name);
      const old = existsSync(file) ? readFileSync(file, "utf8") : undefined;
      const put = (text: string) => {
        writeFileSync(`${file}.new`, text);
        renameSync(`${file}.new`, file);
      };
      put(typeof paper === "string" ? paper : JSON.stringify(paper));
      return () => (old === undefined ? rmSync(file) : put(old));
    });
    // The agents, the gateway and the bot each refuse it.
    await this.until(`${code} refused`, () => seen() >= before + 3);
    return () => restore.forEach((each) => each());
  }
  expects(by: "supply" | "hitl", code: string): void {
    this.#expected.push({ by, code });
  }
  /** Ends everything, and looks into the agents' journals. */
  async assertJournalled(): Promise<void> {
    await this.#bot?.close();
    this.#bot = undefined;
    await this.system.stop();
    const { database } = await openCompanyBooks(readSettings({ COUNTERSIGN_DATA: this.system.data }), false);
    const found: { readonly by: string; readonly code: string }[] = [];
    for await (const { kind, writer, facts } of readJournal(database)) {
      if (kind === "alarm" || kind === "refusal") {
        found.push({ by: writer.split("-")[0] ?? "", code: String(facts["code"]) });
      }
    }
    await database.close();
    for (const { by, code } of this.#expected) {
      const count = (list: readonly { readonly by: string; readonly code: string }[]) =>
        list.filter((each) => each.by === by && each.code === code).length;
      const [there, wanted] = [count(found), count(this.#expected)];
      assert.ok(there >= wanted, `${by} ${code}: ${there} of ${wanted}`);
    }
  }
}
