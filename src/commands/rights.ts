import { randomUUID } from "node:crypto";
import { z } from "zod";
import { isoMinute } from "../iso-minute.ts";
import type { Settings } from "../config.ts";
import { AppError, fromErrorInfo } from "../errors.ts";
import type { StandingView } from "../rights-types.ts";
import { standingLine } from "../policy/standing-line.ts";
import { controlClient, errorInfo, ifRunning } from "./control-client.ts";
import { answer, answerJson, tell } from "./output.ts";

/** Rights to decide: handed on, given in advance, taken back; questions before a decision, reviews after one. */

interface Flags {
  readonly by?: string;
  readonly json?: boolean;
}
const outcome = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("done"), id: z.string(), text: z.string() }),
  z.object({ outcome: z.literal("accepted"), run: z.string() }),
  z.object({ outcome: z.literal("refused"), error: errorInfo }),
]);

/** Sends what somebody does; a refusal is an error that says so. */
async function act(settings: Settings, url: string, o: Flags, body: object, said: string): Promise<void> {
  const as = o.by === undefined ? {} : { as: o.by };
  const result = outcome.parse(await controlClient(settings.runtime, "bot").post(url, { ...body, ...as }));
  if (result.outcome === "refused") {
    throw fromErrorInfo(result.error);
  }
  if (o.json === true) {
    answerJson(result);
  } else {
    answer(result.outcome === "done" ? result.text : said);
  }
}
async function list<T>(
  settings: Settings,
  path: string,
  o: Flags,
  told: { readonly schema: z.ZodType<T>; readonly line: (each: T) => string; readonly none: string },
): Promise<void> {
  const query = o.by === undefined ? "" : `?as=${encodeURIComponent(o.by)}`;
  const found = z
    .array(told.schema)
    .parse(await controlClient(settings.runtime, "bot").get(`${path}${query}`));
  if (o.json === true) {
    answerJson(found);
  } else {
    answer(found.length === 0 ? told.none : found.map(told.line).join("\n"));
  }
}
const at = (id: string): string => encodeURIComponent(id);

const delegationSchema = z.looseObject({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  approval: z.string().nullable(),
  notAfter: z.string(),
});
export function delegations(settings: Settings, o: Flags): Promise<void> {
  return list(settings, "/delegations", o, {
    schema: delegationSchema,
    line: delegationLine,
    none: "nobody has handed on a right",
  });
}
export function delegationLine({
  id,
  from,
  to,
  approval,
  notAfter,
}: z.output<typeof delegationSchema>): string {
  return `${id} · ${to} decides for ${from} on ${approval ?? "everything"} until ${isoMinute(Date.parse(notAfter))}`;
}
export function takeBack(settings: Settings, id: string, o: Flags): Promise<void> {
  return act(settings, `/delegations/${at(id)}/take-back`, o, {}, "");
}

export function askBack(settings: Settings, id: string, o: Flags & { readonly text: string }): Promise<void> {
  const said = "asked: the approval stays open, with its times";
  return act(settings, `/approvals/${at(id)}/question`, o, { text: o.text }, said);
}
/** Answers the question that a run of one's own waits with. */
export function answerRun(
  settings: Settings,
  run: string,
  text: string,
  o: { readonly as?: string; readonly json?: boolean },
): Promise<void> {
  const flags = { ...(o.as === undefined ? {} : { by: o.as }), ...(o.json === true ? { json: true } : {}) };
  return act(settings, "/requests", flags, { key: randomUUID(), text, run }, `answered: run ${run} goes on`);
}

const aloneSchema = z.looseObject({
  id: z.string(),
  run: z.string(),
  decision: z.looseObject({ by: z.string(), at: z.number() }),
});
export function reviews(settings: Settings, o: Flags): Promise<void> {
  return list(settings, "/reviews", o, {
    schema: aloneSchema,
    line: ({ id, run, decision }) =>
      `${id} · run ${run} · decided alone by ${decision.by} at ${isoMinute(decision.at)}`,
    none: "nothing waits for a review",
  });
}
export function review(settings: Settings, id: string, o: Flags & { readonly note: string }): Promise<void> {
  return act(settings, `/reviews/${at(id)}`, o, { text: o.note }, "");
}

export function standing(settings: Settings, o: Flags): Promise<void> {
  return list(settings, "/standing", o, {
    // The bot's own answer, which no one else gives on its socket.
    schema: z.custom<StandingView>((value) => typeof value === "object" && value !== null),
    line: standingLine,
    none: "nothing is approved in advance",
  });
}

export interface ProposeFlags extends Flags {
  readonly for?: string;
  readonly workflow?: string;
  readonly customer?: readonly string[];
  readonly supplier?: readonly string[];
  readonly currency?: readonly string[];
  readonly each: string;
  readonly inAll: string;
  readonly uses: number;
  readonly until: string;
  readonly tier?: string;
}
/** `standing propose`; amounts as "1500.00 USD". */
export async function propose(settings: Settings, o: ProposeFlags): Promise<void> {
  const terms = {
    requester: o.for ?? null,
    workflow: o.workflow ?? null,
    customers: o.customer ?? null,
    suppliers: o.supplier ?? null,
    ...(o.currency === undefined ? {} : { currencies: o.currency }),
    each: amountOf("each", o.each),
    inAll: amountOf("in-all", o.inAll),
    uses: o.uses,
    until: o.until,
    ...(o.tier === undefined ? {} : { tier: o.tier }),
  };
  await checkNames(settings, "customer", { ids: o.customer, kind: "customers" });
  await checkNames(settings, "supplier", { ids: o.supplier, kind: "wholesalers" });
  await act(settings, "/standing", o, { terms }, "");
}
/** Where the books are on this machine: the bot, which reads none, would take any name, and it would never match. */
async function checkNames(
  settings: Settings,
  flag: string,
  o: { readonly ids: readonly string[] | undefined; readonly kind: "customers" | "wholesalers" },
): Promise<void> {
  const agents = controlClient(settings.runtime, "agents");
  for (const id of o.ids ?? []) {
    try {
      await ifRunning(
        () => agents.get(`/books/${o.kind}?id=${at(id)}`),
        async () => tell(`--${flag} "${id}" was not looked up: the agents of this machine do not run`),
      );
    } catch (error) {
      throw error instanceof AppError && error.code === "not-found"
        ? new AppError(
            `unknown-${flag}`,
            `--${flag} "${id}": expected an id of the books, as "countersign books ${o.kind}" lists them`,
          )
        : error;
    }
  }
}
function amountOf(name: string, text: string): { readonly amount: string; readonly currency: string } {
  const [, amount, currency] = /^(\d+(?:\.\d+)?) ([A-Z]{3})$/.exec(text.trim()) ?? [];
  if (amount === undefined || currency === undefined) {
    throw new AppError("usage", `--${name} "${text}": expected an amount such as "1500.00 USD"`);
  }
  return { amount, currency };
}
export function approveStanding(settings: Settings, id: string, o: Flags): Promise<void> {
  return act(settings, `/standing/${at(id)}/approve`, o, {}, "");
}
export function revokeStanding(settings: Settings, id: string, o: Flags): Promise<void> {
  return act(settings, `/standing/${at(id)}/revoke`, o, {}, "");
}
