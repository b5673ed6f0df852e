import { type Moment, moments } from "./chaos-case.ts";

/** How far a job has come, by what is shown of it. */
export class Progress {
  #reached = moments.indexOf("asked");
  #waiting: { readonly index: number; readonly resolve: () => void }[] = [];

  reach(moment: string): void {
    const index = moments.indexOf(moment as Moment);
    this.#reached = Math.max(this.#reached, index);
    this.#waiting = this.#waiting.filter((each) => {
      if (each.index <= this.#reached) {
        each.resolve();
      }
      return each.index > this.#reached;
    });
  }
  /** Resolves when the job is there or further. */
  at(moment: Moment): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ index: moments.indexOf(moment), resolve });
      // It may have come already.
      this.reach("asked");
    });
  }
  /** A line of `ask --json`. */
  line(text: string): void {
    const line = JSON.parse(text) as { readonly type: string; readonly id?: string };
    this.reach(line.type === "approval" ? "card" : line.type === "step" ? (line.id ?? "") : line.type);
  }
  /** A line of a run's stream; its card's kind. */
  card(line: unknown): string {
    const { card } = line as {
      readonly card: { readonly kind: string; readonly steps: readonly { id: string; status: string }[] };
    };
    card.steps.filter(({ status }) => status !== "pending").forEach(({ id }) => this.reach(id));
    return card.kind;
  }
}
