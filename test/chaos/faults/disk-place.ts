import assert from "node:assert/strict";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { controlClient, type ControlClient } from "../../../src/commands/control-client.ts";
import { AppError } from "../../../src/errors.ts";
import { ChaosSystem } from "../chaos-system.ts";
import type { PlaceKind } from "./place.ts";
import { SmallDisk, smallDiskMissing } from "./small-disk.ts";

const sizeMb = 160;
const fillAgainMs = 50;
/** What is written goes into room that its files have already, for a while. */
const feltMs = 30_000;

/** A whole system on a small disk, which is full for a while: what is freed meanwhile is taken as well. */
export const diskPlace: PlaceKind = {
  faults: ["disk-full"],
  missing: smallDiskMissing,
  async open() {
    const chaos = new ChaosSystem();
    const disk = new SmallDisk(chaos.system.folder, sizeMb);
    const bot = controlClient(path.join(chaos.system.folder, "run"), "bot");
    const close = async (): Promise<readonly string[]> => {
      try {
        return await chaos.stop();
      } finally {
        disk.remove();
        await chaos.remove();
      }
    };
    try {
      await chaos.start();
      return {
        chaos,
        close,
        async strike(_fault, ms) {
          try {
            const said = await fillUntilSaid(disk, bot);
            assert.match(said, /data folder \S+ cannot be written.*check free space/);
            for (const end = performance.now() + ms; performance.now() < end;) {
              disk.fill();
              await pause(fillAgainMs);
            }
          } finally {
            disk.empty();
          }
        },
      };
    } catch (error) {
      await close();
      throw error;
    }
  },
};

/** Fills it until the bot tells a person that it cannot write; that this one's verdicts are refused is written down. */
async function fillUntilSaid(disk: SmallDisk, bot: ControlClient): Promise<string> {
  for (const end = performance.now() + feltMs; performance.now() < end;) {
    disk.fill();
    try {
      await bot.post("/approvals/nothing", { as: "manager", verdict: "approved" });
    } catch (error) {
      if (error instanceof AppError && error.code === "data-not-writable") {
        return error.message;
      }
    }
  }
  return "nothing";
}
