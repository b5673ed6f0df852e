import { Hono } from "hono";
import { z } from "zod";
import { standingLine } from "../../src/policy/standing-line.ts";
import type { ChatInbox } from "../../src/ports.ts";
import type { SafetyAct } from "../../src/safety-types.ts";
import type { SignedIn } from "./console-session.ts";

const textBody = z.strictObject({ text: z.string().trim().min(1).max(2_000) });
const handBody = z.strictObject({ to: z.string().trim().min(1).max(80), hours: z.number().positive() });

/** Rights to decide, below the signed-in person's api: asked back, handed on, given in advance, taken back. */
export function rightsApi(inbox: () => ChatInbox): Hono<SignedIn> {
  const api = new Hono<SignedIn>();
  const act = (person: string): SafetyAct => ({ person, adapter: "console", assurance: "clicked" });

  api.post("/approvals/:approval/question", async (context) => {
    const { text } = textBody.parse(await context.req.json());
    const approval = context.req.param("approval");
    return context.json(await inbox().askBack(act(context.var.person.id), approval, text));
  });
  api.post("/approvals/:approval/delegate", async (context) => {
    const { to, hours } = handBody.parse(await context.req.json());
    const approval = context.req.param("approval");
    const { person: from, ...by } = act(context.var.person.id);
    return context.json(await inbox().delegate({ ...by, from, to, hours, approval }));
  });
  api.get("/delegations", async (context) => context.json(await inbox().delegations(context.var.person.id)));
  api.post("/delegations/:id/take-back", async (context) =>
    context.json(await inbox().takeBack(act(context.var.person.id), context.req.param("id"))),
  );
  api.get("/reviews", async (context) => context.json(await inbox().unreviewed(context.var.person.id)));
  api.post("/reviews/:approval", async (context) => {
    const { text } = textBody.parse(await context.req.json());
    return context.json(
      await inbox().review(act(context.var.person.id), context.req.param("approval"), text),
    );
  });
  api.get("/standing", async (context) => {
    const grants = await inbox().standing(context.var.person.id);
    return context.json(grants.map((each) => ({ ...each, line: standingLine(each) })));
  });
  api.post("/standing", async (context) =>
    context.json(await inbox().proposeStanding(act(context.var.person.id), await context.req.json())),
  );
  api.post("/standing/:id/approve", async (context) =>
    context.json(await inbox().approveStanding(act(context.var.person.id), context.req.param("id"))),
  );
  api.post("/standing/:id/revoke", async (context) =>
    context.json(await inbox().revokeStanding(act(context.var.person.id), context.req.param("id"))),
  );
  return api;
}
