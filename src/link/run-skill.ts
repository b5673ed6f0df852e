import type { AgentDefinition, AnySkill, SkillContext, VerifiedMandate } from "../define-agent.ts";
import type { Json } from "../domain.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { ReceivedEnvelope } from "../link-types.ts";
import type { InstanceLease } from "../instance-types.ts";
import type { AgentStore, Books, Clock, Ids, Logger, Suppliers } from "../ports.ts";
import type { JournalEntry } from "../record-types.ts";
import type { InstanceKeyPairs } from "../keys.ts";
import { signAs } from "../trust/sign-statement.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import { verifyMandate } from "./mandate.ts";
import { requestBodySchema } from "./message-body.ts";
import { envelopeEntry } from "./message-journal.ts";
import type { RemoteModels } from "./remote-model.ts";
import { fenceOf, replyRow } from "./reply-row.ts";
import { shadowSuppliers } from "./shadow-suppliers.ts";
import { requireUnfrozen, unlessFrozen } from "./unless-frozen.ts";

/** What skills are run with. */
export interface SkillEnvironment {
  readonly definition: AgentDefinition;
  readonly store: AgentStore;
  readonly trust: TrustStore;
  readonly keys: InstanceKeyPairs;
  readonly suppliers: Suppliers;
  readonly models: RemoteModels;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** Roles whose requests are taken; "any": every granted one. Default: the bot's only. */
  readonly allowedSenders?: readonly string[] | "any";
}
interface PreparedSkill {
  readonly name: string;
  readonly skill: AnySkill;
  readonly input: unknown;
  readonly mandate: VerifiedMandate | null;
  readonly shadow: boolean;
}

export interface SkillRun {
  readonly lease: InstanceLease;
  readonly signal: AbortSignal;
  /** The store's, which also sends the reply once it is committed. */
  readonly perform: AgentStore["perform"];
}

/** A failure of the skill or of the request, which its sender must be told; anything else is ours to repeat. */
export class SkillFailure extends Error {
  override readonly name = "SkillFailure";
}

/**
 * Checks a request and runs its skill; effect, stored reply, inbox key and journal are one transaction. Throws
 * SkillFailure (with the error as cause) when the sender must be answered with an error; other errors come from the
 * store, and the request is left to come again.
 */
export async function runSkill(
  environment: SkillEnvironment,
  message: ReceivedEnvelope,
  o: SkillRun,
): Promise<void> {
  let failed: { readonly error: unknown } | undefined;
  // The store must see errors as they are: it undoes the unit, and may try a deadlocked one again.
  const noting = async <T>(task: () => T | Promise<T>): Promise<T> => {
    try {
      return await task();
    } catch (error) {
      failed = { error };
      throw error;
    }
  };
  try {
    await performSkill(environment, message, { ...o, noting });
  } catch (error) {
    throw failed?.error === error && !isDatabaseTrouble(error)
      ? new SkillFailure("the skill failed", { cause: error })
      : error;
  }
}

async function performSkill(
  environment: SkillEnvironment,
  message: ReceivedEnvelope,
  o: SkillRun & { readonly noting: <T>(task: () => T | Promise<T>) => Promise<T> },
): Promise<void> {
  const { store } = environment;
  const { signal, noting } = o;
  const prepared = await noting(() => prepare(environment, message));
  const { skill, shadow } = prepared;
  const inShadow = shadow ? { shadow: message.subject.run } : {};
  const reader = shadow ? store.shadowBooks(message.subject.run) : store.books;
  const call = async (part: Pick<SkillContext, "books" | "transact">): Promise<Json> => {
    const context = contextOf(environment, message, { ...part, signal, shadow });
    const { input, mandate } = prepared;
    const output: unknown = await (shadow && skill.shadow !== undefined
      ? skill.shadow(context, input, mandate)
      : skill.run(context, input, mandate));
    return checkedOutput(prepared, output);
  };
  const perform = (work: (books: Books) => Promise<Json>, effect = false): Promise<"done" | "duplicate"> =>
    o.perform({
      lease: o.lease,
      effect,
      ...inShadow,
      ...fenceOf(message),
      work: (books) =>
        noting(async () => ({
          reply: replyRow(message, { output: await work(books) }, environment.clock.now()),
          journal: journalOf(message, prepared),
        })),
    });

  switch (skill.effect) {
    case "write":
      await perform((books) => call({ books, transact: refuseTransact }), skill.duringFreeze !== true);
      return;
    case "read": {
      const output = await noting(() =>
        untilAborted(call({ books: reader, transact: refuseTransact }), signal),
      );
      await perform(async () => output);
      return;
    }
    case "irreversible": {
      // Not cut off: what it may have done outside must be written down by it.
      const transact: SkillContext["transact"] = (unit) =>
        store.transact(o.lease, { ...fenceOf(message), ...inShadow }, unit);
      await noting(() => requireUnfrozen(store));
      const output = await noting(() => call({ books: reader, transact }));
      await perform(async () => output);
      return;
    }
  }
}

/** Whether a role may ask for a skill: the skill's own callers, or else those that the host takes requests of. */
export function mayAskFor(
  { callers }: Pick<AnySkill, "callers">,
  role: string,
  { allowedSenders = ["bot"] }: Pick<SkillEnvironment, "allowedSenders">,
): boolean {
  return callers === undefined
    ? allowedSenders === "any" || allowedSenders.includes(role)
    : callers.includes(role);
}

async function prepare(environment: SkillEnvironment, message: ReceivedEnvelope): Promise<PreparedSkill> {
  const { definition, trust, keys } = environment;
  const body = requestBodySchema.safeParse(message.body);
  if (!body.success) {
    throw new AppError("bad-request", "a request's body must be {skill, input} or {skill, mandate}");
  }
  const name = body.data.skill;
  const shadow = body.data.shadow === true;
  const skill = Object.hasOwn(definition.skills, name) ? definition.skills[name] : undefined;
  if (skill === undefined || !trust.instanceKeys(keys.atSign, keys.instance).skills.includes(name)) {
    throw new AppError("unknown-skill", `agent "${definition.id}" has no granted skill "${name}"`);
  }
  if (!mayAskFor(skill, message.from.role, environment)) {
    throw new AppError(
      "sender-not-allowed",
      `role "${message.from.role}" may not ask for skill "${name}" of agent "${definition.id}"`,
    );
  }
  // What was held must be let go of, however old the trust document has grown.
  const undoes = Object.values(definition.skills).some(
    ({ undo, reconcile }) => undo === name || reconcile === name,
  );
  if (skill.effect !== "read" && !undoes) {
    trust.requireFresh();
  }
  if (skill.requires === "mandate") {
    if (!("mandate" in body.data)) {
      throw new AppError("mandate-missing", `skill "${name}" takes a mandate and nothing else`);
    }
    const mandate = await verifiedMandate(environment, message, body.data.mandate);
    if ((mandate.plan.shadow === true) !== shadow) {
      throw new AppError("mandate-shadow", "the mandate and the request do not both say shadow mode");
    }
    return { name, skill, mandate, input: parseInput(name, skill, {}), shadow };
  }
  if (!("input" in body.data)) {
    throw new AppError("bad-request", `skill "${name}" takes an input, not a mandate`);
  }
  return { name, skill, mandate: null, input: parseInput(name, skill, body.data.input), shadow };
}

/** A plan made under a newer trust document than ours, and signers that were granted after we last looked. */
const mayBeNewTrust: ReadonlySet<string> = new Set(["mandate-policy-unknown", "mandate-signature"]);

/** Looks for newer papers of trust before it refuses what these may make good. */
async function verifiedMandate(
  { trust, clock, log }: SkillEnvironment,
  { subject }: ReceivedEnvelope,
  mandate: unknown,
): Promise<VerifiedMandate> {
  const verify = (): VerifiedMandate => verifyMandate({ mandate, subject, trust, now: clock.now() });
  try {
    return verify();
  } catch (error) {
    if (!(error instanceof AppError) || !mayBeNewTrust.has(error.code)) {
      throw error;
    }
  }
  await trust.reload().catch((error: unknown) => {
    // The refusal stands, and is answered as one that may be tried again.
    log.warn({ code: toErrorInfo(error).code }, "trust not reloaded");
  });
  return verify();
}

function parseInput(name: string, skill: AnySkill, input: unknown): unknown {
  const parsed = skill.input.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AppError(
      "bad-input",
      `input of skill "${name}" is not valid: ${issue?.path.join(".")}: ${issue?.message}`,
    );
  }
  return parsed.data;
}

function checkedOutput({ name, skill }: PreparedSkill, output: unknown): Json {
  const parsed = skill.output.safeParse(output);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AppError(
      "bad-output",
      `skill "${name}" answered in another form than it declares: ${issue?.path.join(".")}: ${issue?.message}`,
    );
  }
  return parsed.data as Json;
}

function contextOf(
  environment: SkillEnvironment,
  { subject, from }: ReceivedEnvelope,
  { shadow, ...part }: Pick<SkillContext, "books" | "transact" | "signal"> & { readonly shadow: boolean },
): SkillContext {
  const { keys, models, clock, ids, log, trust, store } = environment;
  const suppliers = shadow
    ? shadowSuppliers(environment.suppliers)
    : unlessFrozen(environment.suppliers, () => requireUnfrozen(store));
  return {
    ...part,
    subject,
    caller: from.role,
    clock,
    ids,
    log,
    suppliers,
    trust,
    model: models.forSkill(subject, part.signal),
    sign: (statement) => signAs(statement, keys, keys.ed25519),
  };
}

function journalOf(
  message: ReceivedEnvelope,
  { name, skill, shadow }: PreparedSkill,
): readonly JournalEntry[] {
  const { run, revision, step } = message.subject;
  const effectKey = [run, revision, step].join(".");
  return [
    envelopeEntry("in", { ...message, peer: message.from.atSign }),
    {
      kind: shadow ? "shadow" : "effect",
      run,
      facts: { skill: name, effect: skill.effect, effectKey, revision, step },
    },
  ];
}

async function refuseTransact(): Promise<never> {
  throw new AppError("not-allowed", "only a skill of effect irreversible has units of its own");
}

/** The database is busy, full or away: no answer to the request, which will come again. */
function isDatabaseTrouble(error: unknown): boolean {
  return error instanceof AppError && error.retryable && error.code.startsWith("data-");
}

/** Leaves a read that does not heed its signal behind. */
async function untilAborted<T>(task: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([task, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
    task.catch(() => undefined);
  }
}
