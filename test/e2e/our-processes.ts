import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface OurProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Why processes cannot be looked into here, or false. */
export const noProcFolder = process.platform === "linux" ? false : "needs /proc (Linux)";

/**
 * All processes of the system in this folder, from /proc: those with its data folder in their environment, and those
 * whose command names a file in it (the private Redis has an environment of its own).
 */
export function ourProcesses(folder: string): readonly OurProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const environment = readFileSync(`/proc/${name}/environ`, "utf8").split("\u0000");
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\u0000", " ").trim();
        const data = environment.find((each) => each.startsWith("COUNTERSIGN_DATA="));
        if (!`${data?.split("=")[1] ?? ""}/`.startsWith(`${folder}/`) && !command.includes(`${folder}/`)) {
          return [];
        }
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        return [{ pid: Number(name), parent, command }];
      } catch {
        return []; // ended meanwhile
      }
    });
}

/** The process of this kind that the system's launcher started: not always the one with the lowest number. */
export function launchedProcess(
  system: { readonly folder: string; readonly launcherPid: number },
  kind: "bot" | "sandbox" | "gateway" | "agent",
): OurProcess | undefined {
  return ourProcesses(system.folder).find(
    ({ parent, command }) => parent === system.launcherPid && command.includes(`main.ts ${kind}`),
  );
}

/** A process's environment, without its parent's channel. */
export function environmentOf(pid: number): Readonly<Record<string, string>> {
  const entries = readFileSync(`/proc/${pid}/environ`, "utf8")
    .split("\u0000")
    .filter((each) => each !== "" && !each.startsWith("NODE_CHANNEL_"));
  return Object.fromEntries(
    entries.map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]),
  );
}

/** The inode numbers of the sockets a process has open. */
export function socketInodes(pid: number): ReadonlySet<string> {
  const folder = `/proc/${pid}/fd`;
  return new Set(
    readdirSync(folder).flatMap((name) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${name}`))?.[1] ?? [];
      } catch {
        return []; // closed meanwhile
      }
    }),
  );
}
