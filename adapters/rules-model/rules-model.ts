import { z, type ZodType } from "zod";
import { AppError } from "../../src/errors.ts";
import type { LanguageModel } from "../../src/ports.ts";
import { parseMessage } from "./parse-request.ts";
import type { Nlp } from "./tokens.ts";

const routerPrompt = z.strictObject({
  text: z.string().max(4_000),
  dialogue: z
    .array(z.strictObject({ question: z.string().max(4_000), answer: z.string().max(4_000) }))
    .max(50),
});
const quotingPrompt = z.strictObject({
  placeholders: z
    .array(z.string().regex(/^\{[a-z-]+\}$/))
    .min(1)
    .max(20),
});

/**
 * The deterministic stand-in for a language model: it answers the roles it knows by rules over a real NLP library
 * and is named as what it is in every receipt ("rules"). Loading takes a while; the gateway does it once at start.
 */
export async function loadRulesModel(): Promise<LanguageModel> {
  const { default: library } = await import("compromise");
  return {
    async generate<T>(r: { readonly role: string; readonly prompt: string; readonly output: ZodType<T> }) {
      const parsed = r.output.safeParse(answer(library, r.role, r.prompt));
      if (!parsed.success) {
        throw new AppError("bad-model-output", `the rules model's answer for role "${r.role}" does not fit`);
      }
      return { output: parsed.data, receipt: { model: "rules" } };
    },
  };
}

function answer(library: Nlp, role: string, prompt: string): unknown {
  if (role === "router") {
    const { text, dialogue } = promptOf(routerPrompt, role, prompt);
    return {
      messages: [text, ...dialogue.map((turn) => turn.answer)].map((message) =>
        parseMessage(library, message),
      ),
    };
  }
  if (role === "quoting") {
    return { wording: wordQuote(promptOf(quotingPrompt, role, prompt).placeholders) };
  }
  throw new AppError(
    "unknown-role",
    `the rules model knows the roles router and quoting, not "${role.slice(0, 40)}"`,
  );
}

function promptOf<T>(schema: ZodType<T>, role: string, prompt: string): T {
  let value: unknown;
  try {
    value = JSON.parse(prompt);
  } catch (cause) {
    throw new AppError("bad-prompt", `the prompt for role "${role}" must be JSON`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join(".") ?? "";
    throw new AppError("bad-prompt", `the prompt for role "${role}" is wrong at "${where}"`);
  }
  return parsed.data;
}
/** The wording of a quote around the placeholders that were offered; the figures are put in by the caller's code. */
function wordQuote(placeholders: readonly string[]): string {
  const sentences = [
    "Dear {customer}, thank you for your request.",
    "We offer {quantity} of {item} at a total of {total}.",
    "Delivery is expected by {delivery}.",
    "This is a draft until it is confirmed.",
  ];
  const offered = new Set(placeholders);
  return sentences
    .filter((sentence) => [...sentence.matchAll(/\{[a-z-]+\}/g)].every(([name]) => offered.has(name)))
    .join(" ");
}
