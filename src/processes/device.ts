import path from "node:path";
import { readdir } from "node:fs/promises";
import type { CompanyConfig, Settings } from "../config.ts";
import type { AtSign } from "../domain.ts";
import { AppError } from "../errors.ts";
import { readInstanceKeys } from "../keys.ts";
import { createDecisionDevice } from "../link/decision-device.ts";
import type { DecisionDevice } from "../link/device-types.ts";
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

/**
 * The name of the machine whose keys lie in a place; undefined: none were made there yet. Fails with "usage" where they
 * are another atSign's: two people who sign with one key would be one.
 */
export async function deviceIn({
  folder,
  atSign,
}: Omit<DevicePlace, "atKeysFile">): Promise<string | undefined> {
  const names = (await readdir(folder).catch(() => [])).flatMap(
    (name) => /^instance\.([a-z0-9-]+)\.json$/.exec(name)?.[1] ?? [],
  );
  if (names.length > 1) {
    throw new AppError(
      "usage",
      `${folder} holds keys of ${names.join(" and ")}: expected those of one machine`,
    );
  }
  const [name] = names;
  const keys = name === undefined ? undefined : await readInstanceKeys(folder, name);
  if (keys !== undefined && keys.atSign !== atSign) {
    throw new AppError(
      "usage",
      `${folder} holds the keys of ${keys.atSign}: the key file of ${atSign} belongs in a folder of its own`,
    );
  }
  return name;
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
  const instance = await deviceIn(place);
  if (instance === undefined) {
    throw new AppError(
      "keys-missing",
      `${place.folder} holds no keys of this machine: make them with "countersign inbox new PERSON --keys FILE"`,
    );
  }
  const log = processLogger(settings, "inbox");
  const values = await openFileValues(path.join(place.folder, "inbox.json"));
  const identity = await openIdentity({
    settings,
    config,
    id: "inbox",
    instance,
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
