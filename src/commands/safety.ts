import { z } from "zod";
import type { Settings } from "../config.ts";
import { AppError, fromErrorInfo } from "../errors.ts";
import { controlClient, errorInfo } from "./control-client.ts";
import { answer, answerJson } from "./output.ts";

const outcome = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("done"), frozen: z.boolean(), text: z.string() }),
  z.object({ outcome: z.literal("refused"), error: errorInfo }),
]);
interface SafetyOptions {
  readonly by?: string;
  readonly json?: boolean;
}

/** Stops all effects of the company; answers once the agents know. */
export function freeze(settings: Settings, o: SafetyOptions & { readonly reason: string }): Promise<void> {
  return act(settings, "freeze", o, { reason: o.reason });
}
/** Asks for the freeze to be lifted, or lifts it as the second person. */
export function unfreeze(settings: Settings, o: SafetyOptions): Promise<void> {
  return act(settings, "unfreeze", o, {});
}
/** Has a workflow's new requests worked on without effects, or with them again. */
export function shadow(settings: Settings, workflow: string, mode: string, o: SafetyOptions): Promise<void> {
  if (mode !== "on" && mode !== "off") {
    throw new AppError("usage", `shadow mode is "on" or "off", not "${mode}"`);
  }
  return act(settings, "shadow", o, { workflow, shadow: mode === "on" });
}

async function act(settings: Settings, verb: string, o: SafetyOptions, body: object): Promise<void> {
  const client = controlClient(settings.runtime, "bot");
  const as = o.by === undefined ? {} : { as: o.by };
  const result = outcome.parse(await client.post(`/safety/${verb}`, { ...body, ...as }));
  if (result.outcome === "refused") {
    throw fromErrorInfo(result.error);
  }
  if (o.json === true) {
    answerJson(result);
  } else {
    answer(result.text);
  }
}
