import { readFile } from "node:fs/promises";
import { z } from "zod";
import { isoMinute } from "../iso-minute.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import type { Person } from "../domain.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import { money } from "../money.ts";
import { assertPolicy } from "../policy/assert-policy.ts";
import { explainPolicy, type PolicyExplanation } from "../policy/explain-policy.ts";
import { exampleFailures, policyExamplesSchema } from "../policy/policy-examples.ts";
import { type Risk, risks as allRisks } from "../policy-types.ts";
import { readPeople } from "../processes/company-books.ts";
import { signedAsDemo } from "../processes/company-kind.ts";
import type { StandingView } from "../rights-types.ts";
import { controlClient } from "./control-client.ts";
import { answer, answerJson, exitCodes, tell } from "./output.ts";

interface Context {
  readonly settings: Settings;
  readonly config: CompanyConfig;
}
interface ExplainOptions {
  readonly by?: string;
  readonly amount?: string;
  readonly risk?: readonly string[];
  readonly json?: boolean;
}
const amountSchema = z.string().regex(/^\d{1,15}(\.\d{1,4})?$/, 'expected an amount such as "5000.00"');

/** `policy explain`: who would decide on a request, by the configured policy and the books' people. */
export async function explain(context: Context, text: string | undefined, o: ExplainOptions): Promise<void> {
  const { settings, config } = context;
  const { policy } = config;
  assertPolicy(policy);
  const demo = (await signedAsDemo(settings)) ?? true;
  const people = await readPeople(settings, demo);
  const risks = (o.risk ?? ["irreversible"]).map((each) => {
    const risk = allRisks.find((known) => known === each);
    if (risk === undefined) {
      throw new AppError("usage", `--risk "${each}": expected ${allRisks.join(", ")}`);
    }
    return risk;
  });
  const standing = await grantsOf(context);
  const explained = amountsOf(context, text, o).map(({ amount, title }) => {
    const stake = { amount: money(amount, policy.companyCurrency), risks: risks as readonly Risk[] };
    const requester = o.by ?? (demo ? "employee" : "");
    return { title, ...explainPolicy(policy, people, { requester, stake, demo, standing, at: Date.now() }) };
  });
  if (o.json === true) {
    explained.forEach((each) => answerJson(each));
  } else {
    answer(explained.map((each) => explanationText(each, people)).join("\n\n"));
  }
}

/** The standing grants of the running system; none where the policy has none, or nothing runs. */
async function grantsOf({ settings, config }: Context): Promise<readonly StandingView[]> {
  if (config.policy.standing === undefined) {
    return [];
  }
  try {
    const found = await controlClient(settings.runtime, "bot").get("/standing");
    // The bot's own answer, which no one else gives on its socket.
    return z
      .array(z.custom<StandingView>((value) => typeof value === "object" && value !== null))
      .parse(found);
  } catch (error) {
    tell(`standing grants are left out, the bot does not say: ${toErrorInfo(error).message}`);
    return [];
  }
}

/** What a request costs is known only once its plan is made: without `--amount` every tier is explained. */
function amountsOf(
  { config: { policy } }: Context,
  text: string | undefined,
  o: ExplainOptions,
): readonly { readonly amount: string; readonly title: string }[] {
  const what = text === undefined ? "A request" : `"${text}"`;
  if (o.amount !== undefined) {
    const parsed = amountSchema.safeParse(o.amount);
    if (!parsed.success) {
      throw new AppError("usage", `--amount "${o.amount}": ${parsed.error.issues[0]?.message ?? ""}`);
    }
    return [
      { amount: parsed.data, title: `${what} that costs at most ${parsed.data} ${policy.companyCurrency}` },
    ];
  }
  return (policy.approve.tiers ?? [{ from: { amount: "0" } }]).map(({ from }) => ({
    amount: from.amount,
    title: `${what} that costs ${from.amount} ${policy.companyCurrency} or more`,
  }));
}

function explanationText(
  told: PolicyExplanation & { readonly title: string },
  people: readonly Person[],
): string {
  const nameOf = (id: string) => people.find((each) => each.id === id)?.name ?? id;
  const may = told.may.map(
    ({ person, insteadOf, away }) =>
      `  ${person} (${nameOf(person)})${insteadOf === null ? "" : ` in place of ${insteadOf}`}${away ? ", away now" : ""}`,
  );
  return [
    told.title,
    ...(told.refused === null ? [] : [`is refused: ${told.refused}`]),
    `tier "${told.tier}", because ${told.because}`,
    ...told.standing.map(
      ({ id, onlyIf }) => `decided in advance by standing grant ${id}, if ${onlyIf}; else`,
    ),
    `approved by ${told.quorum} of these, ${told.assurances.join(" or ")}; rejected by any one:`,
    ...may,
    "not by:",
    ...told.mayNot.map(({ person, why }) => `  ${person}: ${why}`),
    ...(told.reminders.length === 0 ? [] : [`reminded at ${told.reminders.map(minute).join(", ")}`]),
    ...(told.escalation === null
      ? []
      : [`also asked from ${minute(told.escalation.at)} on: ${told.escalation.roles.join(", ")}`]),
    `expires at ${minute(told.expires)}`,
  ].join("\n");
}

function minute(iso: string): string {
  return isoMinute(Date.parse(iso));
}

/** `policy test`: the configured policy against a table of examples; what differs is printed, and fails. */
export async function test(
  config: CompanyConfig,
  file: string,
  o: { readonly json?: boolean },
): Promise<void> {
  assertPolicy(config.policy);
  const parsed = policyExamplesSchema.safeParse(await readTable(file));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AppError("bad-examples", `${file}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
  }
  const failures = exampleFailures(config.policy, parsed.data);
  const { length } = parsed.data.examples;
  if (o.json === true) {
    answerJson({ examples: length, failures });
  } else {
    failures.forEach((line) => answer(line));
    answer(failures.length === 0 ? `${length} examples are as the policy says` : `${failures.length} differ`);
  }
  if (failures.length > 0) {
    process.exitCode = exitCodes.failed;
  }
}

async function readTable(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as unknown;
  } catch (cause) {
    throw new AppError("bad-examples", `${file} cannot be read as JSON`, { cause });
  }
}
