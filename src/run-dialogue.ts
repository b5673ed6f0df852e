import { z } from "zod";
import type { PersonId, StepId } from "./domain.ts";
import type { Content } from "./record-types.ts";

/** What the requester was asked, as the record has it. */

/** A question to the requester. */
export interface Exchange {
  /** Counts from 1 within the run. */
  readonly number: number;
  readonly step: StepId;
  readonly revision: number;
  readonly question: string;
  readonly options: readonly string[];
  /** Who wants to know before they decide; null: the router or a step. */
  readonly by: PersonId | null;
  /** Null as long as there is none. */
  readonly answer: string | null;
}
export interface Answered {
  readonly question: string;
  readonly answer: string;
  readonly number?: number;
  readonly by?: PersonId | null;
}

const questionContent = z.object({
  text: z.string(),
  options: z.array(z.string()),
  by: z.string().nullable().default(null),
});

/** All questions, in their order. */
export function exchangesOf(contents: readonly Content[]): readonly Exchange[] {
  return contents
    .flatMap(({ step, revision, name, value }) => {
      const number = Number(/^question:(\d+)$/.exec(name)?.[1]);
      const { data } = questionContent.safeParse(value);
      if (data === undefined || Number.isNaN(number)) {
        return [];
      }
      const { text: question, options, by } = data;
      const found = contents.find(
        (each) => each.step === step && each.revision === revision && each.name === `answer:${number}`,
      )?.value;
      return [
        {
          number,
          step,
          revision,
          question,
          options,
          by,
          answer: typeof found === "string" ? found : null,
        },
      ];
    })
    .toSorted((a, b) => a.number - b.number);
}

/** Those that were answered. */
export function answeredOf(
  exchanges: readonly Exchange[],
): readonly (Answered & { readonly number: number })[] {
  return exchanges.flatMap(({ number, by, question, answer }) =>
    answer === null ? [] : [{ number, by, question, answer }],
  );
}

/** The one that waits for its answer; those of revisions that were given up do not. */
export function openOf(exchanges: readonly Exchange[], revision: number): Exchange | null {
  const open = exchanges.filter(
    (each) => each.answer === null && (each.step === "route" || each.revision === revision),
  );
  return open.at(-1) ?? null;
}
