import { readdirSync, readFileSync } from "node:fs";

/** What a process and all its descendants use, from /proc. */
export interface TreeUsage {
  /** Milliseconds of CPU, ended children included. */
  readonly cpuMs: number;
  /** Pages that several share count once (PSS). */
  readonly memoryMb: number;
}

/** USER_HZ is 100 on every Linux. */
const tickMs = 10;

export function treeUsage(root: number): TreeUsage {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    const parent = statFields(Number(name))?.[1];
    if (parent !== undefined) {
      children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(name)]);
    }
  }
  const pids = [root];
  for (const pid of pids) {
    pids.push(...(children.get(pid) ?? []));
  }
  return {
    cpuMs: pids.reduce((sum, pid) => sum + cpuMs(pid), 0),
    memoryMb: pids.reduce((sum, pid) => sum + memoryMb(pid), 0),
  };
}

/** The fields after the command's name: state first, then the parent. */
function statFields(pid: number): readonly string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}
function cpuMs(pid: number): number {
  const ticks = statFields(pid)?.slice(11, 15) ?? [];
  return ticks.reduce((sum, each) => sum + Number(each), 0) * tickMs;
}
function memoryMb(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? "")?.[1] ?? 0) / 1_024;
}
/** Undefined where the process has ended meanwhile. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
