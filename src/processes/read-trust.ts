import path from "node:path";
import type { Settings } from "../config.ts";
import { installedCompanyKey, keyFolderOf } from "../keys.ts";
import { readTrustFolder } from "../trust/trust-files.ts";
import { openTrust, type TrustFiles, type TrustStore } from "../trust/trust-store.ts";

/** The data folder's trust as a command may look at it: verified, nothing remembered. Throws as `openTrust` does. */
export async function readTrust(
  settings: Settings,
  companyKey?: string,
): Promise<{ readonly files: TrustFiles; readonly trust: TrustStore }> {
  const files = await readTrustFolder(path.join(settings.data, "trust"));
  const seen = new Map<string, string>();
  const trust = await openTrust({
    companyKey: companyKey ?? (await installedCompanyKey(keyFolderOf(settings.data, "bot"))),
    load: async () => files,
    memory: {
      getValue: async (key) => seen.get(key),
      setValue: async (key, value) => void seen.set(key, value),
    },
    clock: { now: () => Date.now() },
  });
  return { files, trust };
}
