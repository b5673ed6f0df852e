import type { types } from "@slack/bolt";
import type { Desk } from "../../src/desk-types.ts";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import type { Clock, Logger } from "../../src/ports.ts";
import { homeNotice, homeView } from "./blocks/home-view.ts";
import { answers, payloads } from "./payloads.ts";
import type { After, SlackWeb } from "./web.ts";
import { strangerText, type Who } from "./who.ts";

/** A home that was drawn rests this long before it is drawn again, but for the outcome of a click on it. */
const restMs = 3_000;
/** Slack tells when a home is opened, never when it is closed. */
const keptMs = 3_600_000;
const mostKept = 500;
const inactiveText = "You are not active in this company any more, so there is nothing to see here.";

/** What became of a person's verdict, in words for them. */
export interface HomeOutcome {
  readonly approval: string;
  readonly text: string;
}
/**
 * The App Homes of those who opened theirs, as the record is. Drawing is not urgent: it waits for its turn under
 * Slack's limits, and nothing else waits for it.
 */
export interface Home {
  /** The event `app_home_opened`. */
  opened(body: unknown): void;
  /** Cards changed: opened homes may be out of date. */
  changed(): void;
  /** Draws at once what became of a verdict, if the person has their home open: a click on it (`here`) shows that. */
  decided(user: string, outcome: HomeOutcome, o: { readonly here: boolean }): void;
  stop(): void;
}

interface OpenHome {
  openedAt: number;
  outcome: HomeOutcome | null;
  /** What it shows, but for how busy the agents are; null: not known. */
  shown: string | null;
  state: "idle" | "drawing" | "resting";
  /** What is to come after the drawing or the rest. */
  next: "nothing" | "after-rest" | "at-once";
  cancelRest: () => void;
}

export function createHome(o: {
  readonly web: Pick<SlackWeb, "call">;
  readonly desk: Pick<Desk, "runs" | "approvals" | "approvalCard" | "agents">;
  readonly who: Pick<Who, "identify">;
  readonly clock: Clock;
  readonly after: After;
  readonly log: Logger;
}): Home {
  const { web, desk, who, clock, log } = o;
  const homes = new Map<string, OpenHome>();
  let stopped = false;

  function keep(user: string): OpenHome {
    const fresh: OpenHome = {
      openedAt: clock.now(),
      outcome: null,
      shown: null,
      state: "idle",
      next: "nothing",
      cancelRest: () => undefined,
    };
    const home = Object.assign(homes.get(user) ?? fresh, { openedAt: fresh.openedAt });
    homes.delete(user);
    homes.set(user, home);
    for (const [oldest, { cancelRest }] of homes) {
      if (homes.size <= mostKept) {
        break;
      }
      cancelRest();
      homes.delete(oldest);
    }
    return home;
  }

  /** The view, and what of it is worth a call to Slack when it changes. */
  async function look(user: string, home: OpenHome): Promise<{ view: types.HomeView; gist: string }> {
    const caller = await who.identify(user, []);
    if ("stranger" in caller || !caller.person.active) {
      const text = "stranger" in caller ? strangerText[caller.stranger] : inactiveText;
      return { view: homeNotice(text), gist: text };
    }
    const person = caller.person.id;
    const { outcome } = home;
    const [requests, approvals, agents, card] = await Promise.all([
      desk.runs(person),
      desk.approvals(person, { open: true }),
      desk.agents(),
      outcome === null ? undefined : desk.approvalCard(outcome.approval, person),
    ]);
    const shown = {
      person,
      requests,
      approvals,
      outcome: outcome === null ? null : { text: outcome.text, card: card ?? null },
    };
    return {
      view: homeView({ ...shown, agents }),
      gist: JSON.stringify(homeView({ ...shown, agents: [] })),
    };
  }
  /** Resolves with how long to wait before the next try; 0 when there is nothing to try again. */
  async function publish(user: string, home: OpenHome): Promise<number> {
    try {
      const { view, gist } = await look(user, home);
      if (gist !== home.shown) {
        await web.call("views.publish", { user_id: user, view }, { answer: answers.ok });
        home.shown = gist;
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
    opened(body) {
      const { user, tab } = payloads.homeOpened.parse(body).event;
      if (tab === "home") {
        const home = keep(user);
        home.outcome = null;
        home.shown = null;
        refresh(user, home, "after-rest");
      }
    },
    changed() {
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
      const home = here ? keep(user) : homes.get(user);
      if (home !== undefined) {
        home.outcome = outcome;
        refresh(user, home, "at-once");
      }
    },
    stop() {
      stopped = true;
      homes.forEach(({ cancelRest }) => cancelRest());
    },
  };
}
