import { Hono } from "hono";
import { z } from "zod";
import type { ChatInbox } from "../../src/ports.ts";
import type { SafetyAct } from "../../src/safety-types.ts";
import type { SignedIn } from "./console-session.ts";

const freezeBody = z.strictObject({ reason: z.string().trim().min(1).max(2_000) });
const shadowBody = z.strictObject({ workflow: z.string().max(100), shadow: z.boolean() });

/** Freeze and shadow mode, below the signed-in person's api. */
export function safetyApi(inbox: () => ChatInbox): Hono<SignedIn> {
  const api = new Hono<SignedIn>();
  const act = (person: string): SafetyAct => ({ person, adapter: "console", assurance: "clicked" });
  api.get("/", (context) => context.json(inbox().safety()));
  api.post("/freeze", async (context) => {
    const { reason } = freezeBody.parse(await context.req.json());
    return context.json(await inbox().freeze(act(context.var.person.id), reason));
  });
  api.post("/unfreeze", async (context) => context.json(await inbox().unfreeze(act(context.var.person.id))));
  api.post("/shadow", async (context) => {
    const { workflow, shadow } = shadowBody.parse(await context.req.json());
    return context.json(await inbox().shadow(act(context.var.person.id), workflow, shadow));
  });
  return api;
}
