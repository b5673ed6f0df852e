import { setTimeout as pause } from "node:timers/promises";
import { ChaosSystem } from "../chaos-system.ts";
import type { PlaceKind } from "./place.ts";
import { SmallDisk, smallDiskMissing } from "./small-disk.ts";

const sizeMb = 160;
const fillAgainMs = 50;

/** A whole system on a small disk, which is full for a while: what is freed meanwhile is taken as well. */
export const diskPlace: PlaceKind = {
  faults: ["disk-full"],
  missing: smallDiskMissing,
  async open() {
    const chaos = new ChaosSystem();
    const disk = new SmallDisk(chaos.system.folder, sizeMb);
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
          for (const end = performance.now() + ms; performance.now() < end;) {
            disk.fill();
            await pause(fillAgainMs);
          }
          disk.empty();
        },
      };
    } catch (error) {
      await close();
      throw error;
    }
  },
};
