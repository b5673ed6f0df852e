import { z } from "zod";
import type { Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { actor, type DecideOptions, post } from "./decide.ts";

const stuck = z.array(z.object({ id: z.string(), run: z.string(), step: z.string() }));

interface UndoOptions extends DecideOptions {
  readonly step?: string;
  readonly byHand?: string;
  readonly giveUp?: string;
}
/** Undoes a run that has ended; or tries one step of it again that could not be undone, or says what became of it. */
export async function undo(settings: Settings, run: string, o: UndoOptions): Promise<void> {
  const { step, byHand, giveUp } = o;
  if (step === undefined && (byHand ?? giveUp) !== undefined) {
    throw new AppError("usage", "--by-hand NOTE and --give-up REASON go with --step ID");
  }
  if (byHand !== undefined && giveUp !== undefined) {
    throw new AppError("usage", "--by-hand and --give-up exclude each other");
  }
  if (step === undefined) {
    await post(settings, `/runs/${encodeURIComponent(run)}/undo`, o, {});
    return;
  }
  const { client, as } = await actor(settings, o);
  const query = as.as === undefined ? "" : `?as=${encodeURIComponent(as.as)}`;
  const found = stuck
    .parse(await client.get(`/undos${query}`))
    .find((each) => each.run === run && each.step === step);
  const act = byHand === undefined ? (giveUp === undefined ? "retry" : "given-up") : "by-hand";
  const note = byHand ?? giveUp;
  // What is not there is refused, and recorded, by the bot.
  const id = found?.id ?? `${run}-1-${step}`;
  await post(settings, `/undos/${encodeURIComponent(id)}`, o, {
    act,
    ...(note === undefined ? {} : { note }),
  });
}
