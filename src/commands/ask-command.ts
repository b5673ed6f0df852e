import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { launch, type System } from "../processes/launcher.ts";
import { readLauncherState } from "../processes/launcher-state.ts";
import { ask, type AskOptions } from "./ask.ts";
import { type ControlClient, controlClient } from "./control-client.ts";
import { tell } from "./output.ts";
import { isLost } from "./patient-client.ts";

const clientCount = z.object({ clients: z.number() });
const lookAgainMs = 500;
/** A system that was killed is started again by whoever runs it; only then by this command. */
const comingBackMs = 10_000;

/** `ask`: uses the running system, or starts one and ends it when its last client has left. */
export async function askCommand(
  place: { readonly settings: Settings; readonly config: CompanyConfig },
  text: string,
  options: AskOptions,
): Promise<void> {
  const client = controlClient(place.settings.runtime, "bot");
  if ((await isRunning(client)) || (await comesBack(client, place.settings.data))) {
    process.exitCode = await ask(client, text, options);
    return;
  }
  tell("starting Countersign for this request …");
  const system = await launchUnlessRunning(place);
  if (system === undefined) {
    process.exitCode = await ask(client, text, options);
    return;
  }
  try {
    process.exitCode = await ask(client, text, options);
    while (clientCount.parse(await client.get("/status")).clients > 0) {
      await delay(lookAgainMs);
    }
  } finally {
    await system.stop();
  }
}

/** Undefined when a system has the data folder already, whose bot is only just (or again) starting. */
async function launchUnlessRunning(place: {
  readonly settings: Settings;
  readonly config: CompanyConfig;
}): Promise<System | undefined> {
  try {
    return await launch({ ...place, demo: true, isolate: false, tell });
  } catch (error) {
    if (error instanceof AppError && error.code === "data-in-use") {
      return undefined;
    }
    throw error;
  }
}
/** Whether a system that has not ended in order, or is only starting, answers before long. */
async function comesBack(client: ControlClient, data: string): Promise<boolean> {
  const deadline = performance.now() + comingBackMs;
  if (readLauncherState(data) !== undefined) {
    tell("Countersign was running here a moment ago; waiting for it …");
  }
  while (readLauncherState(data) !== undefined && performance.now() < deadline) {
    if (await isRunning(client)) {
      return true;
    }
    await delay(lookAgainMs);
  }
  return false;
}
async function isRunning(client: ControlClient): Promise<boolean> {
  try {
    await client.get("/status");
    return true;
  } catch (error) {
    if (isLost(error)) {
      return false;
    }
    throw error;
  }
}
