import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { generateAtKeys, writeAtKeysFile } from "@atsign/atsdk";
import { z } from "zod";
import { makeFolder } from "../../adapters/store/make-folder.ts";
import { type Child, Children } from "./child.ts";

/** What clients need to know of the atServers; it crosses to them as JSON. */
export const placeSchema = z.object({
  directory: z.object({ host: z.string(), port: z.number() }),
  ca: z.string(),
  keys: z.string(),
});

/** atServers in a process of their own, as `countersign sandbox --atsigns` starts them. */
export interface AtServers {
  readonly children: Children;
  readonly servers: Child;
  /** Starts clients of some of the atSigns in one process. */
  readonly clients: (task: "send" | "receive" | "idle", atSigns: readonly string[]) => Promise<Child>;
}

const lookEveryMs = 1_000;
/** So many looks in a row with next to no CPU: on a busy machine one alone may just have had to wait. */
const quietLooks = 3;
const quietShare = 0.02;

/** Names that exist in the benchmark alone. */
export function atSignsOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_none, index) => `@bench${index}`);
}

/** A folder for data and keys, which is removed afterwards, and processes, which end. */
export async function withFolder<T>(work: (folder: string, children: Children) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-bench-"));
  const children = new Children();
  try {
    return await work(folder, children);
  } finally {
    await children.stop();
    rmSync(folder, { recursive: true });
  }
}

export function startServers(children: Children, folder: string, atSigns: readonly string[]): Promise<Child> {
  const keys = path.join(folder, "keys");
  return children.start(
    "../../src/main.ts",
    ["sandbox", "--atsigns", atSigns.join(","), "--keys", keys, "--json"],
    {
      COUNTERSIGN_DATA: path.join(folder, "data"),
      COUNTERSIGN_RUNTIME: path.join(folder, "run"),
    },
  );
}

/** Runs `work` with atServers whose atSigns all have the same keys, which saves making hundreds. */
export async function withAtServers<T>(
  atSigns: readonly string[],
  work: (place: AtServers) => Promise<T>,
): Promise<T> {
  return withFolder(async (folder, children) => {
    const keys = await generateAtKeys();
    makeFolder(path.join(folder, "keys"));
    for (const atSign of atSigns) {
      await writeAtKeysFile(path.join(folder, "keys", `${atSign}_key.atKeys`), keys);
    }
    const servers = await startServers(children, folder, atSigns);
    await settled(servers);
    const place = JSON.stringify(placeSchema.parse((servers.ready as { info: unknown }).info));
    return await work({
      children,
      servers,
      clients: (task, names) => children.start("./at-clients.ts", [task, place, names.join(",")]),
    });
  });
}

/** Waits until a process has done what it does in the background after its start, such as making signing keys. */
async function settled(child: Child): Promise<void> {
  let before = (await child.usage()).cpu;
  for (let quiet = 0; quiet < quietLooks;) {
    await delay(lookEveryMs);
    const { cpu } = await child.usage();
    quiet = cpu - before < lookEveryMs * quietShare ? quiet + 1 : 0;
    before = cpu;
  }
}
