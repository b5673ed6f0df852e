import type { Hono } from "hono";
import { z } from "zod";
import type { PersonId } from "../../src/domain.ts";
import type { SafetyAct, SafetyInbox } from "../../src/safety-types.ts";

const actor = { as: z.string().optional() };
const freezeBody = z.strictObject({ ...actor, reason: z.string().max(2_000) });
const unfreezeBody = z.strictObject(actor);
const shadowBody = z.strictObject({ ...actor, workflow: z.string().max(100), shadow: z.boolean() });

/** Freeze and shadow mode over the bot's socket; `person` says who acts. */
export function safetyRoutes(
  app: Hono,
  inbox: SafetyInbox,
  person: (as: string | undefined, otherwise: string) => PersonId,
): void {
  const act = (as: string | undefined, otherwise: string): SafetyAct => ({
    person: person(as, otherwise),
    adapter: "terminal",
    assurance: "local",
  });
  app.get("/safety", (context) => context.json(inbox.safety()));
  app.post("/safety/freeze", async (context) => {
    const { as, reason } = freezeBody.parse(await context.req.json());
    return context.json(await inbox.freeze(act(as, "manager"), reason));
  });
  app.post("/safety/unfreeze", async (context) => {
    const { as } = unfreezeBody.parse(await context.req.json());
    return context.json(await inbox.unfreeze(act(as, "manager")));
  });
  app.post("/safety/shadow", async (context) => {
    const { as, workflow, shadow } = shadowBody.parse(await context.req.json());
    return context.json(await inbox.shadow(act(as, "admin"), workflow, shadow));
  });
}
