import { z } from "zod";
import { canonicalJson } from "../canonical.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { ReceivedEnvelope } from "../link-types.ts";
import { freezePapersSchema } from "../plan/safety-schema.ts";
import type { AgentLink, AgentStore, Clock, Logger } from "../ports.ts";
import type { FreezePapers } from "../safety-types.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import { verifyFreeze } from "../verify-freeze.ts";
import { refusalEntry } from "./message-journal.ts";

/** How the bot tells agents of a freeze and of its end, and what they do about it. */

/** The run that this travels under; the revision is the freeze's serial. */
export const freezeRun = "freeze";
export const noticeStep = "notice";
const noticeBody = z.strictObject({ papers: freezePapersSchema });
/** What the agent knows now: maybe something later than it was told. */
export const knownBody = z.strictObject({ serial: z.int(), frozen: z.boolean() });
const answerLifetimeMs = 60_000;

/** The body of a notice. */
export function noticeOf(papers: FreezePapers): z.infer<typeof noticeBody> {
  return { papers };
}

/** Takes a notice: believed by its signatures alone, committed to the books, then confirmed. */
export async function takeFreezeNotice(
  message: ReceivedEnvelope,
  o: {
    readonly store: AgentStore;
    readonly trust: TrustStore;
    readonly link: Pick<AgentLink, "send">;
    readonly clock: Clock;
    readonly log: Logger;
  },
): Promise<void> {
  const { store, trust, link, clock, log } = o;
  const { from, subject, messageId } = message;
  const peer = from.atSign;
  let state: { readonly serial: number; readonly frozen: boolean };
  let papers: FreezePapers;
  try {
    const parsed = noticeBody.safeParse(message.body);
    if (!parsed.success) {
      throw new AppError("freeze-malformed", "a notice of a freeze that is not one");
    }
    papers = parsed.data.papers;
    state = await verified(papers, trust, clock);
  } catch (error) {
    const { code } = toErrorInfo(error);
    log.error({ from: peer, code }, "alarm");
    await store.appendJournal([refusalEntry("alarm", { peer, subject, messageId, code })]);
    return;
  }
  const people = (papers.lift?.statement.evidence ?? [papers.freeze]).map(
    ({ statement }) => statement.person,
  );
  const { serial, frozen } = state;
  const facts = { serial, frozen, by: people.join(" "), messageId };
  const known = await store.keepFreeze({ ...state, papers: canonicalJson(papers) }, [
    { kind: "freeze", run: null, facts },
  ]);
  log.warn({ serial: known.serial, frozen: known.frozen }, "freeze");
  await link.send({
    to: { atSign: from.atSign, instance: from.instance },
    kind: "result",
    subject,
    body: { serial: known.serial, frozen: known.frozen },
    expiresAt: clock.now() + answerLifetimeMs,
  });
}

/** Looks for newer papers of trust before it refuses what these may make good. */
async function verified(
  papers: FreezePapers,
  trust: TrustStore,
  clock: Clock,
): Promise<{ readonly serial: number; readonly frozen: boolean }> {
  try {
    return verifyFreeze(papers, trust, clock.now());
  } catch {
    await trust.reload();
    return verifyFreeze(papers, trust, clock.now());
  }
}
