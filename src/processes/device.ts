import path from "node:path";
import { mkdir } from "node:fs/promises";
import type { CompanyConfig, Settings } from "../config.ts";
import type { AtSign } from "../domain.ts";
import { AppError } from "../errors.ts";
import { createDecisionDevice, type DecisionDevice } from "../link/decision-device.ts";
import { systemTimers } from "../link/timers.ts";
import { atSignSchema } from "../trust/trust-documents.ts";
import { openFileValues } from "./file-values.ts";
import { openIdentity } from "./identity.ts";
import { processLogger, systemClock } from "./system.ts";

/** Where a person's own keys lie: all in the folder of the atSign's key file. */
export interface DevicePlace {
  readonly atSign: AtSign;
  readonly folder: string;
  readonly atKeysFile: string;
}

/** From the path of a `.atKeys` file, which is named after its atSign; throws `usage`. */
export function devicePlace(file: string): DevicePlace {
  const atKeysFile = path.resolve(file);
  const name = path.basename(atKeysFile).replace(/_key\.atKeys$/, "");
  const atSign = atSignSchema.safeParse(name);
  if (!atSign.success || !atKeysFile.endsWith("_key.atKeys")) {
    throw new AppError(
      "usage",
      `--keys: expected your atSign's key file, such as keys/@name_key.atKeys, not "${path.basename(atKeysFile)}"`,
    );
  }
  return { atSign: atSign.data, folder: path.dirname(atKeysFile), atKeysFile };
}

export interface OpenDevice {
  readonly device: DecisionDevice;
  close(): Promise<void>;
}

/** Connects a person's machine: it receives plans from now on, and asks for those that wait already. */
export async function openDevice(o: {
  readonly settings: Settings;
  readonly config: CompanyConfig;
  readonly place: DevicePlace;
  readonly onChange: () => void;
  readonly onFatal: (error: AppError) => void;
  readonly signal: AbortSignal;
}): Promise<OpenDevice> {
  const { settings, config, place } = o;
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  const log = processLogger(settings, "inbox");
  const values = await openFileValues(path.join(place.folder, "inbox.json"));
  const identity = await openIdentity({
    settings,
    config,
    id: "inbox",
    device: place,
    memory: values,
    // What is signed here is kept with the keys; the bot and the agents journal what comes of it.
    journal: () => Promise.resolve(),
    onFatal: o.onFatal,
    clock: systemClock,
    log,
    signal: o.signal,
  });
  const device = createDecisionDevice({
    link: identity.link,
    keys: identity.keys,
    trust: identity.trust,
    values,
    clock: systemClock,
    timers: systemTimers,
    log,
    onChange: o.onChange,
  });
  await identity.link.start((message) => device.receive(message));
  return {
    device,
    async close() {
      device.stop();
      await identity.link.stop();
      await identity.close();
    },
  };
}
