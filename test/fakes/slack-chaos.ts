import { setTimeout as pause } from "node:timers/promises";
import type { ApprovalId, Person, RunId } from "../../src/domain.ts";
import { EngineWorld } from "../unit/engine/engine-world.ts";
import { ManualTime } from "./manual-time.ts";
import { ownApp } from "./own-app.ts";
import { type MortalBot, startMortalBot } from "./slack-mortal-bot.ts";
import type { MessagePlace, Seen } from "./slack/acts.ts";
import type { Connection } from "./slack/connection.ts";
import { seeded } from "./slack/random.ts";
import { type FakeSlack, startSlack } from "./slack/start-slack.ts";

const team = "T0SANDBOX1";
const users = { employee: "U0EMPLOYEE", manager: "U0MANAGER1", "manager-2": "U0MANAGER2" } as const;
const deciders = ["manager", "manager-2"] as const;
const people: readonly Person[] = Object.entries(users).map(([id, user]) => ({
  id,
  name: id,
  roles: [id === "employee" ? "employee" : "manager"],
  active: true,
  accounts: [`slack:${team}/${user}`],
}));
/** Approvals that wait at a time, and people's clicks on each. */
const batch = 20;
const clicksEach = 10;
/** Somebody who sees an error clicks again, but not for ever. */
const patience = 40;
const againMs = 2_000;
/** A cut ends all that is under way on a connection: not everybody clicks at once. */
const withinMs = 20_000;
/** Of the rounds, those in which a connection swallows payloads, and those with a ghost. */
const hauntedShare = 0.3;
/** Sockets and HTTP are real: a second takes at least this long, and so many round trips as a payload needs at most. */
const realMsPerSecond = 5;
const tripsPerSecond = 4;

export interface ChaosResult {
  readonly clicks: number;
  /** Clicks that Slack showed as failed. */
  readonly failed: number;
  readonly approvals: number;
  /** Clicks that went through before their person's eyes without a decision in the record, and people who gave up. */
  readonly lost: number;
  /** Approvals decided, orders placed, or cards posted to one place, more than once. */
  readonly doubled: number;
  /** Copies of cards that still offer buttons when all is calm again. */
  readonly stale: number;
}

/**
 * People click while everything goes wrong: payloads, acknowledgements and answers get lost, sockets are cut or
 * swallow what they are given, ghosts get payloads, the bot dies. Real bolt, adapter, presenter, approvals and engine; record, agents and Slack are stand-ins.
 */
export class SlackChaos {
  readonly #world = new EngineWorld();
  readonly #slackTime = new ManualTime();
  readonly #random: () => number;
  #slack: FakeSlack | undefined;
  readonly #count: number;
  #bots: MortalBot[] = [];
  readonly #counts = { clicks: 0, failed: 0, approvals: 0, lost: 0, doubled: 0, stale: 0 };
  readonly #accepted = new Map<ApprovalId, number>();
  readonly #copies = new Map<string, MessagePlace>();

  readonly #seed: number;
  /** `bots` work on one record, with the same tokens. */
  constructor(seed: number, bots = 1) {
    this.#seed = seed;
    this.#count = bots;
    this.#random = seeded(seed);
    const world = this.#world;
    world.trust = { ...world.trust, person: (id) => people.find((each) => each.id === id) };
    world.places = [
      `slack:${team}/C0ORDERS01`,
      ...deciders.map((id) => `slack:${team}/@${users[id]}` as const),
    ];
  }

  async run(clicks: number): Promise<ChaosResult> {
    this.#slack = await startSlack({ manifest: ownApp, clock: this.#slackTime, timers: this.#slackTime });
    this.#slack.limits.enabled = false;
    this.#bots = Array.from({ length: this.#count }, () => this.#start());
    try {
      while (this.#counts.clicks < clicks) {
        await this.#round();
      }
      await this.#calm();
      return this.#counts;
    } finally {
      await Promise.all(this.#bots.map((bot) => bot.stop()));
      await this.#slack.stop();
    }
  }

  get #office(): FakeSlack {
    if (this.#slack === undefined) {
      throw new Error("not started");
    }
    return this.#slack;
  }

  #start(): MortalBot {
    return startMortalBot({
      world: this.#world,
      slack: this.#office,
      time: this.#slackTime,
      people,
      others: this.#count > 1,
      accepted: (approval) => this.#accepted.set(approval, (this.#accepted.get(approval) ?? 0) + 1),
      posted: (thread, key, place) => this.#copies.set(`${thread} ${key}`, place),
    });
  }

  /** Requests, their cards, people's clicks; once in a while the bot dies in between. */
  async #round(): Promise<void> {
    const faults = this.#office.faults;
    faults.calm();
    for (let each = 0; each < batch; each += 1) {
      this.#office.user("employee").says("orders", "@countersign a pump");
    }
    const opened = await this.#pumped(() => this.#open());
    faults.storm({ seed: this.#seed + this.#counts.approvals, api: 0.05, deliveries: 0.2 });
    const ghosts = this.#haunt();
    const clicking = opened.flatMap((approval) =>
      Array.from({ length: clicksEach }, (_none, index) => this.#person(approval, index)),
    );
    const all = Promise.all(clicking);
    let over = false;
    void all.finally(() => (over = true));
    if (this.#random() < 0.3) {
      await this.#pump();
      const victim = Math.floor(this.#random() * this.#bots.length);
      this.#bots[victim]?.kill();
      this.#bots[victim] = this.#start();
    }
    await this.#pumped(async () => (over ? true : undefined));
    await all;
    ghosts.forEach((each) => each.forget());
    this.#counts.approvals += opened.length;
    faults.calm();
    await this.#pumped(async () => ((await this.#allPlaced(opened)) ? true : undefined));
  }
  /** A connection that swallows all it is given, for the bot to find; ghosts of a host that vanished, for Slack to forget. */
  #haunt(): readonly Connection[] {
    const { sockets } = this.#office;
    if (this.#random() < hauntedShare) {
      sockets.connections[0]?.swallow();
    }
    return this.#random() < hauntedShare ? sockets.haunt(1) : [];
  }
  /** All open approvals, once every copy of each is posted. */
  async #open(): Promise<readonly ApprovalId[] | undefined> {
    const approvals = await this.#world.store.approvals({ open: true });
    const posted = approvals.every(({ id }) =>
      (this.#world.places ?? []).every((place) => this.#copies.has(`${place} approval-${id}`)),
    );
    return approvals.length >= batch && posted ? approvals.map(({ id }) => id) : undefined;
  }
  async #allPlaced(approvals: readonly ApprovalId[]): Promise<boolean> {
    for (const id of approvals) {
      const approval = await this.#world.store.approval(id);
      if (approval?.decision?.verdict === "approved" && !this.#isPlaced(approval.run)) {
        return false;
      }
    }
    return true;
  }
  #isPlaced(run: RunId): boolean {
    return this.#world.placed.some((each) => each.startsWith(`${run}/`));
  }

  /** Somebody who wants this approved: clicks a copy or types the command, again while Slack shows an error. */
  async #person(approval: ApprovalId, index: number): Promise<void> {
    const name = deciders[index % deciders.length] ?? "manager";
    await this.#rests(this.#random() * withinMs);
    for (let tries = 0; tries < patience; tries += 1) {
      this.#counts.clicks += 1;
      if ((await this.#act(approval, name)).ok) {
        const { status } = (await this.#world.store.approval(approval)) ?? { status: "open" };
        this.#counts.lost += status === "open" ? 1 : 0;
        return;
      }
      this.#counts.failed += 1;
      await this.#rests(againMs);
    }
    this.#counts.lost += 1;
  }
  #rests(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#slackTime.after(ms, resolve);
    return promise;
  }
  /** Where the buttons are gone, the command is what is left. */
  #act(approval: ApprovalId, name: (typeof deciders)[number]): Promise<Seen> {
    const person = this.#office.user(name);
    const inChannel = this.#random() < 0.5;
    const place = inChannel ? `slack:${team}/C0ORDERS01` : `slack:${team}/@${users[name]}`;
    const copy = this.#copies.get(`${place} approval-${approval}`);
    return copy !== undefined && this.#offers(copy) && this.#random() < 0.8
      ? person.clicks(copy, "approve")
      : person.runs(`/countersign approve ${approval}`, "general");
  }
  #offers({ channel, ts }: MessagePlace): boolean {
    return JSON.stringify(this.#office.workspace.message(channel, ts)?.blocks ?? []).includes('"approve"');
  }

  /** When nothing goes wrong any more: everything is decided and placed once, every copy is final. */
  async #calm(): Promise<void> {
    this.#office.faults.calm();
    await this.#pumped(async () =>
      [...this.#copies.values()].some((copy) => this.#offers(copy)) ? undefined : true,
    );
    this.#counts.stale = [...this.#copies.values()].filter((copy) => this.#offers(copy)).length;
    const { placed } = this.#world;
    this.#counts.doubled =
      [...this.#accepted.values()].filter((count) => count > 1).length +
      (placed.length - new Set(placed).size) +
      this.#postedTwice();
  }
  /** Messages beyond the first with the same card in the same channel. */
  #postedTwice(): number {
    const { workspace } = this.#office;
    const marked = [...workspace.channels.values()].flatMap(({ id }) =>
      workspace
        .messages(id)
        .flatMap(({ metadata }) => (metadata === undefined ? [] : [JSON.stringify([id, metadata])])),
    );
    return marked.length - new Set(marked).size;
  }

  /** Lets time pass everywhere until there is an answer; fails when there never is one. */
  async #pumped<T>(answer: () => Promise<T | undefined>): Promise<T> {
    for (let turn = 0; turn < 4_000; turn += 1) {
      const found = await answer();
      if (found !== undefined) {
        return found;
      }
      await this.#pump();
    }
    throw new Error("the chaos does not come to rest");
  }
  async #pump(): Promise<void> {
    for (const bot of this.#bots) {
      await this.#world.settle(bot.engine);
      bot.presenter.kick();
    }
    await pause(realMsPerSecond);
    // On a busy machine all of them take longer alike, and then the second does.
    for (let trip = 0; trip < tripsPerSecond; trip += 1) {
      await (await fetch(this.#office.pageUrl)).arrayBuffer();
    }
    await this.#world.time.advance(1_000);
    await this.#slackTime.advance(1_000);
  }
}
