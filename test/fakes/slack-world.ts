import { createSlack, type SlackAdapter } from "../../adapters/slack/slack-adapter.ts";
import type { Card } from "../../src/card.ts";
import type { Person, ThreadId } from "../../src/domain.ts";
import { systemTimers } from "../../src/link/timers.ts";
import type { ChatAdapter, Logger } from "../../src/ports.ts";
import { ChatOffice } from "./chat-office.ts";
import { ManualTime, until } from "./manual-time.ts";
import { MemoryValues } from "./memory-values.ts";
import { silentLogger } from "./silent-logger.ts";
import { ownApp } from "./own-app.ts";
import { type FakeSlack, startSlack } from "./slack/start-slack.ts";

export const team = "T0SANDBOX1";
/** Who is who: the office's people and their members of the stand-in's workspace. */
const accounts: Readonly<Record<string, string>> = {
  employee: "U0EMPLOYEE",
  "employee-2": "U0EMPLOYE2",
  manager: "U0MANAGER1",
  "manager-2": "U0MANAGER2",
  former: "U0LEFT0001",
};

interface WorldOptions {
  /** The channel of approvals. */
  readonly approvals?: string;
  /** Slack's limits and ours; without them tests wait for nothing. */
  readonly limits?: boolean;
  /** Enterprise Grid. */
  readonly enterprise?: { readonly id: string; readonly name: string };
  readonly log?: Logger;
  /** The adapter goes by Slack's time, which tests move on. */
  readonly oneTime?: boolean;
}
/** The real adapter, on the real bolt, between a stand-in for Slack and an office without engine or record. */
export class SlackWorld {
  readonly slack: FakeSlack;
  /** Slack's time: what is not acknowledged fails when a test lets it pass. The adapter's own is real but for `oneTime`. */
  readonly time: ManualTime;
  readonly office: ChatOffice;
  /** What the adapter's bot keeps over restarts. */
  readonly memory = new MemoryValues();
  adapter: SlackAdapter;
  readonly #options: WorldOptions;

  constructor(slack: FakeSlack, time: ManualTime, o: WorldOptions) {
    this.slack = slack;
    this.time = time;
    slack.limits.enabled = o.limits === true;
    this.office = new ChatOffice({ now: () => Date.now() });
    this.office.people = [
      ...this.office.people.map((person) => withAccount(person, accounts[person.id] ?? "")),
      // Linked by mistake: what Slack says of them counts more.
      withAccount({ id: "guest", name: "Gus", roles: ["manager"], active: true, accounts: [] }, "U0GUEST001"),
      withAccount(
        { id: "partner", name: "Sam", roles: ["manager"], active: true, accounts: [] },
        "U0STRANGER",
      ),
    ];
    this.#options = o;
    this.adapter = this.newAdapter();
    this.office.adapter = this.#drawn(this.adapter);
  }

  /** Another bot's adapter on the same office and memory. */
  newAdapter(): SlackAdapter {
    const { botToken, appToken, apiUrl } = this.slack;
    const { approvals, limits, log, oneTime } = this.#options;
    return createSlack({
      settings: { botToken, appToken, apiUrl, approvals },
      desk: this.office.desk,
      examples: ["Order the parts needed for 50 widgets for Customer XYZ"],
      memory: this.memory,
      clock: oneTime === true ? this.time : { now: () => Date.now() },
      after: (ms, call) => (oneTime === true ? this.time : systemTimers).after(ms, call),
      log: log ?? silentLogger,
      ...(limits === true ? {} : { limiter: { take: () => 0, block: () => undefined } }),
    });
  }
  #drawn(adapter: SlackAdapter): ChatAdapter {
    return drawing(adapter, () =>
      this.office.people.filter((person) => person.roles.includes("manager") && person.active),
    );
  }
  /** The bot ends and starts again: what it had in memory is gone. */
  async restart(): Promise<void> {
    await this.acknowledged();
    await this.adapter.stop();
    await until(() => this.slack.sockets.connections.length === 0, "no connection");
    this.adapter = this.newAdapter();
    this.office.adapter = this.#drawn(this.adapter);
    await this.adapter.start(this.office.inbox);
    await this.connected();
  }

  async stop(): Promise<void> {
    await this.adapter.stop();
    await this.slack.stop();
  }
  /** Resolves when nothing that was delivered waits for its acknowledgement. */
  acknowledged(): Promise<void> {
    return until(() => this.slack.deliveries.every((each) => each.outcome !== "waiting"), "acknowledgements");
  }
  /** Resolves when both sockets are open. */
  connected(): Promise<void> {
    return until(() => this.slack.sockets.connections.length >= 2, "two connections");
  }
}

export async function slackWorld(o: WorldOptions = {}): Promise<SlackWorld> {
  const time = new ManualTime();
  const { enterprise } = o;
  const slack = await startSlack({
    manifest: ownApp,
    clock: time,
    timers: time,
    ...(enterprise === undefined ? {} : { enterprise }),
  });
  const world = new SlackWorld(slack, time, o);
  await world.adapter.start(world.office.inbox);
  await world.connected();
  return world;
}

function withAccount(person: Person, user: string): Person {
  return { ...person, accounts: user === "" ? [] : [`slack:${team}/${user}`] };
}

/** The office says "show this card"; where it stands already, it is changed. */
function drawing(adapter: ChatAdapter, managers: () => readonly Person[]): ChatAdapter {
  const shown = new Map<string, string>();
  const draw = async (thread: ThreadId, card: Card, key: string): Promise<string> => {
    const name = `${thread} ${key}`;
    const known = shown.get(name);
    if (known !== undefined && (await adapter.update(known, card)) === "ok") {
      return known;
    }
    const message = await adapter.post(thread, card, { key });
    shown.set(name, message);
    return message;
  };
  return {
    ...adapter,
    async post(thread, card, { key }) {
      const requester = "";
      const places =
        card.kind === "approval" || card.kind === "undo"
          ? (adapter.approvalPlaces?.({ thread, requester }, managers()) ?? [])
          : [thread];
      const messages = [];
      for (const place of places) {
        messages.push(await draw(place, card, key));
      }
      return messages[0] ?? "";
    },
  };
}
