import type { Assignment } from "../instance-types.ts";
import { BoundedMap } from "../bounded-map.ts";
import type { MessageSubject } from "../link-types.ts";

const maxKept = 10_000;

/** Who was given which step last, as far as this process did it: the record knows all. */
export class GivenSteps {
  readonly #kept = new BoundedMap<string, Assignment>(maxKept);

  keep(subject: MessageSubject, given: Assignment): void {
    this.#kept.set(keyOf(subject), given);
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
