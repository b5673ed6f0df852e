import { writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { withSandboxAccounts } from "../fakes/sandbox-people.ts";
import type { MessagePlace } from "../fakes/slack/acts.ts";
import { ownApp } from "../fakes/own-app.ts";
import { type FakeSlack, startSlack } from "../fakes/slack/start-slack.ts";
import { launchedProcess } from "./our-processes.ts";
import { type Ready, TestSystem } from "./system.ts";

const patienceMs = 150_000;
const lookAgainMs = 50;

/** The whole product against a stand-in for Slack. */
export class SlackSystem {
  readonly slack: FakeSlack;
  readonly system: TestSystem;

  constructor(slack: FakeSlack, environment: Readonly<Record<string, string>>) {
    this.slack = slack;
    this.system = new TestSystem({
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_APP_TOKEN: slack.appToken,
      COUNTERSIGN_SLACK_API_URL: slack.apiUrl,
      ...environment,
    });
  }

  /** Links the demo people to members and starts everything. */
  async start(): Promise<Ready> {
    const { stdout } = await this.system.run("books", "people", "--csv");
    const file = path.join(this.system.folder, "people.csv");
    writeFileSync(file, withSandboxAccounts(stdout));
    const imported = await this.system.run("import", "people", file);
    if (imported.code !== 0) {
      throw new Error(`people were not imported: ${imported.stderr}`);
    }
    const ready = await this.system.start();
    await this.connected();
    return ready;
  }
  async stop(): Promise<void> {
    await this.system.remove();
    await this.slack.stop();
  }

  connected(): Promise<void> {
    return this.until(() => this.slack.sockets.connections.length >= 2, "two connections");
  }
  async until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!(await condition())) {
      if (performance.now() > deadline) {
        throw new Error(`never came about: ${what}\n${this.system.logs().slice(-4_000)}`);
      }
      await pause(lookAgainMs);
    }
  }

  /** The bot's process: it is started again under another number. */
  botPid(): number | undefined {
    return launchedProcess(this.system, "bot")?.pid;
  }
  /** Returns the process's number. */
  signalBot(signal: "SIGSTOP" | "SIGKILL"): number {
    const pid = this.botPid();
    if (pid === undefined) {
      throw new Error(`there is no bot for ${signal}`);
    }
    process.kill(pid, signal);
    return pid;
  }
  async killBot(): Promise<void> {
    const pid = this.signalBot("SIGKILL");
    await this.until(() => this.botPid() !== undefined && this.botPid() !== pid, "a bot again");
  }

  /** Asks in #orders; resolves with the message. */
  async ask(text: string, by = "employee"): Promise<MessagePlace> {
    const place = this.slack.user(by).says("orders", `@countersign ${text}`);
    await this.until(() => this.thread(place).length > 0, "the progress card");
    return place;
  }
  thread(place: MessagePlace): readonly {
    readonly channel: string;
    readonly ts: string;
    readonly text: string;
    readonly blocks: readonly unknown[];
  }[] {
    return this.slack.workspace.replies(place.channel, place.ts);
  }
  /** A manager's own copy of the newest open approval that was not there before. */
  async approvalCard(manager: string, seen: ReadonlySet<string> = new Set()): Promise<MessagePlace> {
    const open = () =>
      this.slack
        .user(manager)
        .sees("@countersign")
        .findLast((each) => !seen.has(each.ts) && JSON.stringify(each.blocks).includes('"approve"'));
    await this.until(() => open() !== undefined, `an approval card for ${manager}`);
    const card = open();
    return { channel: card?.channel ?? "", ts: card?.ts ?? "" };
  }
  textAt({ channel, ts }: MessagePlace): string {
    return JSON.stringify(this.slack.workspace.message(channel, ts)?.blocks ?? []);
  }
  /** Whether the bot has tried to change this message, whatever became of that. */
  drew({ ts }: MessagePlace): boolean {
    return this.slack.calls.some(({ method, args }) => method === "chat.update" && args["ts"] === ts);
  }
  final(place: MessagePlace): Promise<void> {
    return this.until(() => !this.textAt(place).includes('"approve"'), "the final card");
  }
  /** The request's last card says so. */
  done(place: MessagePlace): Promise<void> {
    return this.until(() => this.thread(place).some((each) => each.text.startsWith("Done")), "the result");
  }
}

export async function slackSystem(environment: Readonly<Record<string, string>> = {}): Promise<SlackSystem> {
  return new SlackSystem(await startSlack({ manifest: ownApp }), environment);
}
