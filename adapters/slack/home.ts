import type { types } from "@slack/bolt";
import { z } from "zod";
import { sha256Hex } from "../../src/canonical.ts";
import type { Desk } from "../../src/desk-types.ts";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import type { Clock, Logger } from "../../src/ports.ts";
import type { KeptValues } from "../../src/record-types.ts";
import { homeNotice, homeView } from "./blocks/home-view.ts";
import { BoundedMap } from "../../src/bounded-map.ts";
import { answers, payloads } from "./payloads.ts";
import type { After, SlackWeb } from "./web.ts";
import { strangerText, type Who } from "./who.ts";

/** A home that was drawn rests this long before it is drawn again, but for the outcome of a click on it. */
const restMs = 3_000;
/** Slack tells when a home is opened, never when it is closed. */
const keptMs = 3_600_000;
const mostKept = 500;
/** Homes that other bots were told of are looked for that often at most. */
const othersMs = 10_000;
const keptPrefix = "slack-home:";
const keptSchema = z.object({ openedAt: z.number(), shown: z.string().nullable() });
const inactiveText = "You are not active in this company any more, so there is nothing to see here.";

/** What became of a person's verdict, in words for them. */
export interface HomeOutcome {
  readonly approval: string;
  readonly text: string;
}
/**
 * The App Homes of those who opened theirs, as the record is. Who did, and what they were shown last, is kept in the
 * record: after a restart, and where another bot was told of it, they are drawn all the same. Drawing is not urgent: it waits for its turn under
 * Slack's limits, and nothing else waits for it.
 */
export interface Home {
  /** The event `app_home_opened`; resolves when that is kept. */
  opened(body: unknown): Promise<void>;
  /** The bot is connected: homes opened before it started, or at other bots, may be out of date. */
  resume(): Promise<void>;
  /** Cards changed: opened homes may be out of date. */
  changed(): void;
  /** Draws at once what became of a verdict, if the person has their home open: a click on it (`here`) shows that. */
  decided(user: string, outcome: HomeOutcome, o: { readonly here: boolean }): void;
  stop(): void;
}

interface OpenHome {
  openedAt: number;
  outcome: HomeOutcome | null;
  state: "idle" | "drawing" | "resting";
  /** What is to come after the drawing or the rest. */
  next: "nothing" | "after-rest" | "at-once";
  cancelRest: () => void;
}

export function createHome(o: {
  readonly web: Pick<SlackWeb, "call">;
  readonly desk: Pick<Desk, "runs" | "approvals" | "approvalCard" | "agents">;
  readonly who: Pick<Who, "identify">;
  readonly memory: KeptValues;
  readonly clock: Clock;
  readonly after: After;
  readonly log: Logger;
}): Home {
  const { web, desk, who, memory, clock, log } = o;
  const homes = new BoundedMap<string, OpenHome>(mostKept, ({ cancelRest }) => cancelRest());
  let stopped = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let cancelLook: (() => void) | undefined;
  let agents = { at: Number.NEGATIVE_INFINITY, found: desk.agents };

  function keep(user: string, openedAt: number): OpenHome {
    const fresh: OpenHome = {
      openedAt,
      outcome: null,
      state: "idle",
      next: "nothing",
      cancelRest: () => undefined,
    };
    const home = Object.assign(homes.get(user) ?? fresh, { openedAt: fresh.openedAt });
    homes.set(user, home);
    return home;
  }
  async function remember(user: string, { openedAt }: OpenHome, shown: string | null): Promise<void> {
    await memory.setValue(`${keptPrefix}${user}`, JSON.stringify({ openedAt, shown }), { passing: true });
  }
  /** Those that were opened while this process did not hear of it. */
  async function findOthers(): Promise<void> {
    lookedAt = clock.now();
    cancelLook?.();
    cancelLook = undefined;
    const found = [...(await memory.getValues(keptPrefix))]
      .flatMap(([name, value]) => {
        const kept = keptHome(value);
        return kept === undefined ? [] : [{ user: name.slice(keptPrefix.length), openedAt: kept.openedAt }];
      })
      .filter(({ openedAt }) => clock.now() - openedAt <= keptMs)
      .toSorted((a, b) => a.openedAt - b.openedAt)
      .slice(-mostKept);
    for (const { user, openedAt } of found) {
      if ((homes.get(user)?.openedAt ?? 0) < openedAt) {
        refresh(user, keep(user, openedAt), "after-rest");
      }
    }
  }
  /** Not at every change: one read of the record tells of all. */
  function findOthersSoon(): void {
    const wait = lookedAt + othersMs - clock.now();
    if (wait <= 0) {
      void findOthers().catch(notFound);
    } else {
      cancelLook ??= o.after(wait, () => void findOthers().catch(notFound));
    }
  }
  function notFound(error: unknown): void {
    log.warn({ error: toErrorInfo(error).code }, "slack-homes-not-found");
  }
  /** For many homes that are drawn at once, one look. */
  function agentsNow(): ReturnType<Desk["agents"]> {
    if (clock.now() - agents.at >= restMs) {
      const asked = desk.agents();
      agents = { at: clock.now(), found: () => asked };
    }
    return agents.found();
  }

  /** The view, and what of it is worth a call to Slack when it changes: not how busy the agents are. */
  async function look(user: string, home: OpenHome): Promise<{ view: types.HomeView; gist: string }> {
    const caller = await who.identify(user, []);
    if ("stranger" in caller || !caller.person.active) {
      const text = "stranger" in caller ? strangerText[caller.stranger] : inactiveText;
      return { view: homeNotice(text), gist: text };
    }
    const person = caller.person.id;
    const { outcome } = home;
    const [requests, approvals, found, card] = await Promise.all([
      desk.runs(person),
      desk.approvals(person, { open: true }),
      agentsNow(),
      outcome === null ? undefined : desk.approvalCard(outcome.approval, person),
    ]);
    const shown = {
      person,
      requests,
      approvals,
      outcome: outcome === null ? null : { text: outcome.text, card: card ?? null },
    };
    const silent = found.filter(({ health }) => health.state === "silent" || health.state === "unreachable");
    return {
      view: homeView({ ...shown, agents: found }),
      gist: JSON.stringify([homeView({ ...shown, agents: [] }), silent.map(({ id }) => id)]),
    };
  }
  /** Resolves with how long to wait before the next try; 0 when there is nothing to try again. */
  async function publish(user: string, home: OpenHome): Promise<number> {
    try {
      const { view, gist } = await look(user, home);
      const hash = sha256Hex(gist);
      const kept = await memory.getValue(`${keptPrefix}${user}`);
      if (kept === undefined || keptHome(kept)?.shown !== hash) {
        await web.call("views.publish", { user_id: user, view }, { answer: answers.ok });
        await remember(user, home, hash);
      }
      return 0;
    } catch (error) {
      log.warn({ user, error: toErrorInfo(error).code }, "slack-home-not-drawn");
      return error instanceof AppError && error.retryable ? (error.retryAfterMs ?? restMs) : 0;
    }
  }

  async function draw(user: string, home: OpenHome): Promise<void> {
    home.cancelRest();
    Object.assign(home, { state: "drawing", next: "nothing" } satisfies Partial<OpenHome>);
    const waitMs = await publish(user, home);
    if (stopped || homes.get(user) !== home) {
      return;
    }
    if (home.next === "at-once") {
      await draw(user, home);
      return;
    }
    if (waitMs > 0) {
      home.next = "after-rest";
    }
    home.state = "resting";
    home.cancelRest = o.after(Math.max(restMs, waitMs), () => {
      home.state = "idle";
      if (home.next !== "nothing") {
        void draw(user, home);
      }
    });
  }
  function refresh(user: string, home: OpenHome, when: "after-rest" | "at-once"): void {
    const waits = home.state === "drawing" || (home.state === "resting" && when === "after-rest");
    if (stopped) {
      return;
    }
    if (waits) {
      home.next = home.next === "at-once" ? home.next : when;
    } else {
      void draw(user, home);
    }
  }

  return {
    async opened(body) {
      const { user, tab } = payloads.homeOpened.parse(body).event;
      if (tab === "home") {
        const home = keep(user, clock.now());
        home.outcome = null;
        await remember(user, home, null);
        refresh(user, home, "after-rest");
      }
    },
    async resume() {
      await findOthers().catch(notFound);
    },
    changed() {
      findOthersSoon();
      for (const [user, home] of homes) {
        if (clock.now() - home.openedAt > keptMs) {
          home.cancelRest();
          homes.delete(user);
        } else {
          refresh(user, home, "after-rest");
        }
      }
    },
    decided(user, outcome, { here }) {
      const home = here ? keep(user, clock.now()) : homes.get(user);
      if (home !== undefined) {
        home.outcome = outcome;
        refresh(user, home, "at-once");
      }
    },
    stop() {
      stopped = true;
      cancelLook?.();
      homes.forEach(({ cancelRest }) => cancelRest());
    },
  };
}

/** How the record keeps a home; undefined for what is not readable. */
function keptHome(value: string): z.infer<typeof keptSchema> | undefined {
  try {
    return keptSchema.safeParse(JSON.parse(value)).data;
  } catch {
    return undefined;
  }
}
