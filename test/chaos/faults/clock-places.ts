import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ChaosSystem } from "../chaos-system.ts";
import { type ClockKind, clockKinds, Clocks, faketimeMissing } from "./clocks.ts";
import type { Place, PlaceKind } from "./place.ts";

const days = 30;
const directions = { ahead: days, behind: -days } as const;
type Direction = keyof typeof directions;
const ownClocks = new URL("./own-clocks.ts", import.meta.url).href;
/** Every process has seen a clock that was set. */
const seenMs = 1_500;

/** Whose clock is wrong for a while, in the middle of a job. */
const wrong: Readonly<Record<string, readonly ClockKind[]>> = {
  bot: ["bot"],
  agents: ["agent"],
  gateway: ["gateway"],
  sandbox: ["sandbox"],
  all: clockKinds,
};

const refused = /"code":"(envelope|trust)-(expired|from-future)"/;
/** What is refused meanwhile has its reason in the logs: bot and agents hear of each other all the time. */
const reasons: Readonly<Record<string, readonly RegExp[]>> = {
  bot: [refused],
  agents: [refused],
};

/** A company whose processes have clocks of their own; `strike` gives what its logs must say then. */
async function open(
  first: number,
  strike: (clocks: Clocks, fault: string, ms: number) => Promise<readonly RegExp[]>,
): Promise<Place> {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-clocks-"));
  const clocks = new Clocks(folder);
  clocks.set(clockKinds, first);
  const chaos = new ChaosSystem(clocks.environment, [ownClocks]);
  const close = async (): Promise<readonly string[]> => {
    try {
      return await chaos.stop();
    } finally {
      await chaos.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  };
  try {
    await chaos.start();
    return {
      chaos,
      clockIsWrong: true,
      async strike(fault, ms) {
        const said = await strike(clocks, fault, ms);
        said.forEach((each) => assert.match(chaos.logs(), each, `nobody said why ${fault} stops anything`));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** All clocks agree, in another month, from the first start on. */
const otherMonth = (direction: Direction): PlaceKind => ({
  faults: [`clock-company-${direction}`],
  missing: faketimeMissing,
  open: () => open(directions[direction], () => Promise.resolve([])),
});

export const wrongClocks: PlaceKind = {
  faults: Object.keys(wrong).flatMap((who) => Object.keys(directions).map((way) => `clock-${who}-${way}`)),
  missing: faketimeMissing,
  open: () =>
    open(0, async (clocks, fault, ms) => {
      const [, who = "", direction = ""] = fault.split("-");
      const kinds = wrong[who] ?? [];
      clocks.set(kinds, directions[direction as Direction]);
      await pause(seenMs + ms);
      clocks.set(kinds, 0);
      await pause(seenMs);
      return reasons[who] ?? [];
    }),
};

export const clockPlaces: readonly PlaceKind[] = [otherMonth("ahead"), otherMonth("behind"), wrongClocks];
