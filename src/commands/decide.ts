import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { isoMinute } from "../iso-minute.ts";
import type { Settings } from "../config.ts";
import type { Verdict } from "../domain.ts";
import { AppError, fromErrorInfo, toErrorInfo } from "../errors.ts";
import { type ControlClient, controlClient, errorInfo } from "./control-client.ts";
import { answer, answerJson } from "./output.ts";

const outcome = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("accepted"), run: z.string(), more: z.number().exactOptional() }),
  z.object({ outcome: z.literal("refused"), error: errorInfo }),
  z.object({
    outcome: z.literal("already-decided"),
    approval: z.object({
      status: z.string(),
      decision: z.object({ by: z.string(), verdict: z.string() }).nullable(),
    }),
  }),
]);
export interface DecideOptions {
  readonly by?: string;
  readonly json?: boolean;
}

/** Gives a verdict on an approval; a refusal or an earlier decision is an error that says so. */
export async function decide(
  settings: Settings,
  id: string,
  o: DecideOptions & { readonly verdict: Verdict; readonly reason?: string; readonly breakGlass?: boolean },
): Promise<void> {
  if (o.breakGlass === true && (o.reason ?? "").trim() === "") {
    throw new AppError("usage", "--break-glass needs --reason TEXT: why you decide alone");
  }
  if (o.verdict === "rejected" && (o.reason ?? "").trim() === "") {
    throw new AppError("usage", "--reason must say why");
  }
  await post(settings, `/approvals/${encodeURIComponent(id)}`, o, {
    verdict: o.verdict,
    ...(o.reason === undefined ? {} : { reason: o.reason }),
    ...(o.breakGlass === true ? { breakGlass: true } : {}),
  });
}

const delegated = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("delegated"), id: z.string(), until: z.number() }),
  z.object({ outcome: z.literal("refused"), error: errorInfo }),
]);

/** Hands the right to decide on: for one approval, or without one on all, for so many hours. */
export async function delegate(
  settings: Settings,
  approval: string | undefined,
  o: DecideOptions & { readonly to: string; readonly hours: number },
): Promise<void> {
  const client = controlClient(settings.runtime, "bot");
  const { demo } = z.object({ demo: z.boolean() }).parse(await client.get("/status"));
  const as = o.by ?? (demo ? "manager" : undefined);
  const body = { to: o.to, hours: o.hours, approval: approval ?? null, ...(as === undefined ? {} : { as }) };
  const result = delegated.parse(await client.post("/delegations", body));
  if (result.outcome === "refused") {
    throw fromErrorInfo(result.error);
  }
  if (o.json === true) {
    answerJson(result);
  } else {
    const what = approval === undefined ? "everything" : approval;
    answer(`"${o.to}" may decide on ${what} until ${isoMinute(result.until)}`);
  }
}

/** Ends a run. */
export async function cancel(settings: Settings, run: string, o: DecideOptions): Promise<void> {
  await post(settings, `/runs/${encodeURIComponent(run)}/cancel`, o, {});
}

/** Has nothing new of a run begun, or again. */
export async function pauseRun(
  settings: Settings,
  run: string,
  o: DecideOptions & { readonly paused: boolean },
): Promise<void> {
  const { client, as } = await actor(settings, o);
  const url = `/runs/${encodeURIComponent(run)}/pause`;
  const result = outcome.parse(await client.post(url, { paused: o.paused, ...as }));
  if (result.outcome === "refused") {
    throw fromErrorInfo(result.error);
  }
  if (o.json === true) {
    answerJson(result);
  } else {
    answer(o.paused ? `paused: nothing new of run ${run} is begun` : `run ${run} goes on`);
  }
}

/** The way to the bot, and who acts. */
export async function actor(settings: Settings, o: DecideOptions) {
  const client = controlClient(settings.runtime, "bot");
  const { demo } = z.object({ demo: z.boolean() }).parse(await client.get("/status"));
  const as = o.by ?? (demo ? "manager" : undefined);
  return { client, as: as === undefined ? {} : { as } };
}

/** Sends what somebody does, and says what became of the run; a refusal is an error that says so. */
export async function post(settings: Settings, url: string, o: DecideOptions, body: object): Promise<void> {
  const { client, as } = await actor(settings, o);
  const result = outcome.parse(await client.post(url, { ...body, ...as }));
  if (result.outcome === "refused") {
    throw fromErrorInfo(result.error);
  }
  if (result.outcome === "already-decided") {
    const { decision, status } = result.approval;
    const by = decision === null ? status : `${decision.verdict} by ${decision.by}`;
    throw new AppError("already-decided", `this approval is closed: ${by}`);
  }
  const { more = 0 } = result;
  if (more > 0) {
    // Nothing moves before the others have approved.
    if (o.json === true) {
      answerJson({ ...result, status: "waiting" });
    } else {
      answer(`counted: run ${result.run} waits for ${more} more to approve`);
    }
    return;
  }
  const status = await settled(client, result.run, as.as).catch((error: unknown) => {
    // Who only stands in for somebody may decide, and sees no runs.
    if (toErrorInfo(error).code === "not-found") {
      return "decided";
    }
    throw error;
  });
  if (o.json === true) {
    answerJson({ ...result, status });
  } else {
    answer(`done: run ${result.run} is ${status}`);
  }
}

const patienceMs = 10_000;
const lookAgainMs = 50;

/** The run's status once what it held is released, or what it is after some patience: an approved run goes on. */
async function settled(client: ControlClient, run: string, as: string | undefined): Promise<string> {
  const query = as === undefined ? "" : `?as=${encodeURIComponent(as)}`;
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const { status } = z
      .object({ status: z.string() })
      .parse(await client.get(`/runs/${encodeURIComponent(run)}${query}`));
    if (!["waiting", "compensating"].includes(status) || performance.now() > deadline) {
      return status;
    }
    await pause(lookAgainMs);
  }
}
