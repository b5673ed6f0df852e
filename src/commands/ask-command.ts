import { z } from "zod";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { launch, type System } from "../processes/launcher.ts";
import { ask, type AskOptions } from "./ask.ts";
import { type ControlClient, controlClient } from "./control-client.ts";
import { tell } from "./output.ts";

const clientCount = z.object({ clients: z.number() });
const lookAgainMs = 500;

/** `ask`: uses the running system, or starts one and ends it when its last client has left. */
export async function askCommand(
  place: { readonly settings: Settings; readonly config: CompanyConfig },
  text: string,
  options: AskOptions,
): Promise<void> {
  const client = controlClient(place.settings.runtime, "bot");
  if (await isRunning(client)) {
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
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
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
async function isRunning(client: ControlClient): Promise<boolean> {
  try {
    await client.get("/status");
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === "not-running") {
      return false;
    }
    throw error;
  }
}
