import type { StepJob, StepQueue } from "../../src/ports.ts";

/** What becomes of one added job. */
export type Fate = "kept" | "lost" | "doubled" | "overtaking";

/** A queue that a test empties by hand; `fate` may lose, double and reorder what is added. */
export class MemoryQueue implements StepQueue {
  private readonly fate: () => Fate;
  private jobs: { readonly job: StepJob; readonly dueAt: number }[] = [];
  private readonly now: () => number;

  constructor(now: () => number, fate: () => Fate = () => "kept") {
    this.now = now;
    this.fate = fate;
  }

  async add(job: StepJob, o: { readonly delayMs?: number } = {}): Promise<void> {
    const entry = { job: structuredClone(job), dueAt: this.now() + (o.delayMs ?? 0) };
    const fate = this.fate();
    if (fate === "overtaking") {
      this.jobs.unshift(entry);
    } else if (fate !== "lost") {
      this.jobs.push(entry);
    }
    if (fate === "doubled") {
      this.jobs.push(entry);
    }
  }

  /** The next job that is due, taken out. */
  take(): StepJob | undefined {
    const at = this.jobs.findIndex((each) => each.dueAt <= this.now());
    return at < 0 ? undefined : this.jobs.splice(at, 1)[0]?.job;
  }

  /** Everything is gone, as after the loss of the queue's server. */
  clear(): void {
    this.jobs = [];
  }

  async work(): Promise<void> {
    await Promise.reject(new Error("tests take the jobs themselves"));
  }

  async close(): Promise<void> {
    this.clear();
  }
}
