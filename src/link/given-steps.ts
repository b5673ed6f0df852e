import type { Assignment } from "../instance-types.ts";
import type { MessageSubject } from "../link-types.ts";

const maxKept = 10_000;

/** Who was given which step last, as far as this process did it: the record knows all. */
export class GivenSteps {
  readonly #kept = new Map<string, Assignment>();

  keep(subject: MessageSubject, given: Assignment): void {
    const key = keyOf(subject);
    this.#kept.delete(key);
    this.#kept.set(key, given);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > maxKept && oldest !== undefined) {
      this.#kept.delete(oldest);
    }
  }

  /** The token under which an instance would be given the step; undefined when only the record can tell. */
  token(subject: MessageSubject, instance: string): number | undefined {
    const known = this.#kept.get(keyOf(subject));
    return known && (known.instance === instance ? known.token : known.token + 1);
  }
}

function keyOf({ run, revision, step }: MessageSubject): string {
  return [run, revision, step].join(" ");
}
