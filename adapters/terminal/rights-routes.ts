import type { Hono } from "hono";
import { z } from "zod";
import type { PersonId } from "../../src/domain.ts";
import type { RightsInbox } from "../../src/rights-types.ts";
import type { SafetyAct } from "../../src/safety-types.ts";

const actor = { as: z.string().optional() };
const delegationBody = z.strictObject({
  ...actor,
  to: z.string(),
  hours: z.number(),
  approval: z.string().nullable(),
});
const actBody = z.strictObject(actor);
const textBody = z.strictObject({ ...actor, text: z.string().max(2_000) });
/** The terms are looked at by the inbox, field by field. */
const termsBody = z.strictObject({ ...actor, terms: z.unknown() });

/** Rights over the bot's socket: handed on, given in advance, taken back; `person` says who acts. */
export function rightsRoutes(
  app: Hono,
  inbox: RightsInbox,
  person: (as: string | undefined, otherwise?: string) => PersonId,
): void {
  const act = (as: string | undefined, otherwise = "manager"): SafetyAct => ({
    person: person(as, otherwise),
    adapter: "terminal",
    assurance: "local",
  });
  app.post("/delegations", async (context) => {
    const { as, ...handing } = delegationBody.parse(await context.req.json());
    const from = person(as);
    return context.json(await inbox.delegate({ ...handing, from, adapter: "terminal", assurance: "local" }));
  });
  app.get("/delegations", async (context) =>
    context.json(await inbox.delegations(person(context.req.query("as"), "manager"))),
  );
  app.post("/delegations/:id/take-back", async (context) => {
    const { as } = actBody.parse(await context.req.json());
    return context.json(await inbox.takeBack(act(as), context.req.param("id")));
  });
  app.post("/approvals/:id/question", async (context) => {
    const { as, text } = textBody.parse(await context.req.json());
    return context.json(await inbox.askBack(act(as), context.req.param("id"), text));
  });
  app.get("/reviews", async (context) =>
    context.json(await inbox.unreviewed(person(context.req.query("as"), "manager"))),
  );
  app.post("/reviews/:id", async (context) => {
    const { as, text } = textBody.parse(await context.req.json());
    return context.json(await inbox.review(act(as), context.req.param("id"), text));
  });
  app.get("/standing", async (context) =>
    context.json(await inbox.standing(person(context.req.query("as"), "manager"))),
  );
  app.post("/standing", async (context) => {
    const { as, terms } = termsBody.parse(await context.req.json());
    return context.json(await inbox.proposeStanding(act(as, "employee"), terms));
  });
  app.post("/standing/:id/approve", async (context) => {
    const { as } = actBody.parse(await context.req.json());
    return context.json(await inbox.approveStanding(act(as), context.req.param("id")));
  });
  app.post("/standing/:id/revoke", async (context) => {
    const { as } = actBody.parse(await context.req.json());
    return context.json(await inbox.revokeStanding(act(as), context.req.param("id")));
  });
}
