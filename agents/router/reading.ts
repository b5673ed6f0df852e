import { z } from "zod";
import type { SkillContext } from "../../src/define-agent.ts";
import { AppError } from "../../src/errors.ts";

/** Longer messages are not requests; they are not read at all. */
export const longestMessage = 2_000;
export const largestQuantity = 1_000_000;

const phraseSchema = z.string().min(1).max(longestMessage).optional();
const readingSchema = z.strictObject({
  intent: z.enum(["order-parts", "withdrawn", "other"]),
  quantity: z.strictObject({
    value: z
      .string()
      .regex(/^[1-9]\d{0,6}$/)
      .refine((text) => Number(text) <= largestQuantity)
      .optional(),
    problem: z
      .enum(["missing", "zero", "negative", "fraction", "too-large", "not-a-number", "ambiguous", "several"])
      .optional(),
  }),
  itemPhrase: phraseSchema,
  customerPhrase: phraseSchema,
});
/** What the model makes of the request and of each answer, in their order. */
const readingsSchema = z.strictObject({ messages: z.array(readingSchema).min(1).max(51) });
export type Reading = z.output<typeof readingSchema>;

/**
 * Has the model read a request and the answers given since. A phrase that is not in the message it is said to come
 * from is dropped: the model may choose words, not make them.
 */
export async function readMessages(
  { model, signal }: SkillContext,
  text: string,
  dialogue: readonly { readonly question: string; readonly answer: string }[],
): Promise<{ readonly readings: readonly Reading[]; readonly model: string }> {
  const turns = dialogue.map(({ question, answer }) => ({
    question: question.slice(0, longestMessage),
    answer: readable(answer),
  }));
  const messages = [readable(text), ...turns.map((turn) => turn.answer)];
  const { output, receipt } = await model.generate({
    role: "router",
    prompt: JSON.stringify({ text: messages[0], dialogue: turns }),
    output: readingsSchema,
    signal,
  });
  if (output.messages.length !== messages.length) {
    throw new AppError(
      "bad-model-output",
      `model ${receipt.model} read ${output.messages.length} messages, expected ${messages.length}`,
      { retryable: true },
    );
  }
  const readings = output.messages.map((reading, i) => grounded(reading, messages[i] ?? ""));
  return { readings, model: receipt.model };
}

function readable(message: string): string {
  return message.length > longestMessage ? "" : message;
}

function grounded(reading: Reading, message: string): Reading {
  const { itemPhrase, customerPhrase, ...rest } = reading;
  const text = plainLetters(message);
  const isIn = (phrase: string | undefined) => phrase !== undefined && text.includes(plainLetters(phrase));
  return {
    ...rest,
    ...(isIn(itemPhrase) ? { itemPhrase } : {}),
    ...(isIn(customerPhrase) ? { customerPhrase } : {}),
  };
}

/** Letters and digits only, without case, accents and spaces: how names are compared. */
export function plainLetters(text: string): string {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll("ß", "ss")
    .replaceAll("&", "and")
    .replaceAll(/[^\p{L}\p{N}]/gu, "");
}
