/**
 * Whose turn it is when there is not room for all: each gets places in proportion to a weight, whoever was served least
 * comes next. Who has waited for nothing gathers no claim on later places.
 */
export class FairShares {
  readonly #weightOf: (who: string) => number;
  /** How much each was given, divided by the weight; only of those who got something lately. */
  readonly #given = new Map<string, number>();
  #level = 0;

  constructor(weightOf: (who: string) => number = () => 1) {
    this.#weightOf = weightOf;
  }

  /** Of these, who is next; the first of equals. Counts the place as given. */
  next(waiting: Iterable<string>): string | undefined {
    let chosen: string | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const who of waiting) {
      const given = Math.max(this.#given.get(who) ?? 0, this.#level);
      if (given < least) {
        chosen = who;
        least = given;
      }
    }
    if (chosen !== undefined) {
      this.#level = least;
      this.#given.set(chosen, least + 1 / this.#weightOf(chosen));
      this.#forget();
    }
    return chosen;
  }

  /** Who is below the level has no more claim than a newcomer. */
  #forget(): void {
    if (this.#given.size > 1_000) {
      [...this.#given]
        .filter(([, given]) => given <= this.#level)
        .forEach(([who]) => this.#given.delete(who));
    }
  }
}
