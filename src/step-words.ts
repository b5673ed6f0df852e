import { z } from "zod";
import type { Json, Money, StepId } from "./domain.ts";
import { quoted } from "./quoted.ts";

/** What came out of a step, in words; for steps of which there is more to say than that they are done. */

const money = z.object({ amount: z.string(), currency: z.string() });
const list = z.array(z.unknown());
const attestation = z.object({
  statement: z.object({ planHash: z.string(), verdict: z.string() }),
  signer: z.object({ atSign: z.string() }),
});

export function moneyText({ amount, currency }: Money): string {
  const [whole = "0", rest] = amount.split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
  return `${currency} ${rest === undefined ? grouped : `${grouped}.${rest}`}`;
}
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** One entry: the form that it needs of the output, and the sentence; another form says nothing. */
function words<T>(schema: z.ZodType<T>, say: (output: T) => string): (output: Json) => string | undefined {
  return (output) => {
    const parsed = schema.safeParse(output);
    return parsed.success ? say(parsed.data) : undefined;
  };
}

const attested = words(
  attestation,
  ({ statement }) => `signed “${statement.verdict}” under plan ${shortHash(statement.planHash)}`,
);

const byStep: Readonly<Record<StepId, (output: Json) => string | undefined>> = {
  credit: words(
    z.object({ customerName: z.string(), exposure: money, limit: money }),
    ({ customerName, exposure, limit }) =>
      `within the limit: ${quoted(customerName)} would owe ${moneyText(exposure)} of ${moneyText(limit)}`,
  ),
  orderCompliance: words(
    z.object({ lists: z.array(z.string()) }),
    ({ lists }) => `cleared against ${lists.map((each) => quoted(each)).join(", ")}`,
  ),
  parts: words(z.object({ parts: list }), ({ parts }) => `${count(parts.length, "part")} needed`),
  reserve: words(
    z.object({ reserved: list, deficit: list }),
    ({ reserved, deficit }) =>
      `${count(reserved.length, "part")} reserved from stock, ${deficit.length} to be bought`,
  ),
  offers: words(
    z.object({ offers: list, unavailable: z.array(z.object({ supplier: z.string(), reason: z.string() })) }),
    ({ offers, unavailable }) =>
      [
        count(offers.length, "offer"),
        ...unavailable.map(({ supplier, reason }) => `none from ${supplier} (${quoted(reason)})`),
      ].join("; "),
  ),
  vendors: words(
    z.object({
      allowed: z.array(z.string()),
      refused: z.array(z.object({ id: z.string(), reason: z.string() })),
    }),
    ({ allowed, refused }) =>
      [
        `allowed: ${allowed.join(", ") || "none"}`,
        ...refused.map(({ id, reason }) => `refused: ${id} (${quoted(reason)})`),
      ].join("; "),
  ),
  budget: words(
    z.object({ available: money }),
    ({ available }) => `held; ${moneyText(available)} is what the project may spend`,
  ),
  choice: words(
    z.object({ total: money, tradeOff: z.string() }),
    ({ total, tradeOff }) => `${moneyText(total)}; ${quoted(tradeOff)}`,
  ),
  quote: words(
    z.object({ cost: money, marginPercent: z.string(), total: money }),
    ({ cost, marginPercent, total }) =>
      `${moneyText(total)} to the customer: ${moneyText(cost)} and a margin of ${marginPercent} %`,
  ),
  fallbacks: words(
    z.object({ fallbacks: list }),
    ({ fallbacks }) => `${count(fallbacks.length, "way")} prepared`,
  ),
  financialAttests: attested,
  complianceAttests: attested,
  financialRenews: attested,
  complianceRenews: attested,
  documents: words(z.object({ documents: z.int(), differences: list }), ({ documents, differences }) =>
    differences.length === 0
      ? `${count(documents, "document")} read, all as ordered`
      : `${count(documents, "document")} read, ${count(differences.length, "difference")} found`,
  ),
  marking: words(
    z.object({ confirmed: z.array(z.string()), mismatched: z.array(z.string()) }),
    ({ confirmed, mismatched }) =>
      [
        `confirmed: ${confirmed.join(", ") || "none"}`,
        ...(mismatched.length === 0 ? [] : [`not as ordered: ${mismatched.join(", ")}`]),
      ].join("; "),
  ),
};

/** Undefined where there is nothing to say beyond the step itself. */
export function outcomeWords(step: StepId, output: Json): string | undefined {
  return Object.hasOwn(byStep, step) ? byStep[step]?.(output) : undefined;
}

/** The beginning of a hash, enough to tell it from others by eye. */
export function shortHash(hash: string): string {
  return `${hash.slice(0, 12)}…`;
}
