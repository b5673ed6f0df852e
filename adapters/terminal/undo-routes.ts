import type { Hono } from "hono";
import { z } from "zod";
import type { Desk } from "../../src/desk-types.ts";
import type { PersonId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { ChatInbox } from "../../src/ports.ts";
import { undoActs, undoRefOf } from "../../src/undo-types.ts";

const runBody = z.strictObject({ as: z.string().optional() });
const actBody = z.strictObject({
  as: z.string().optional(),
  act: z.enum(undoActs),
  note: z.string().max(2_000).exactOptional(),
  attempt: z.int().min(0).exactOptional(),
});

/** Undoing over the bot's socket: whole runs, and what is stuck; `person` says who acts, `viewer` who looks. */
export function undoRoutes(
  app: Hono,
  o: {
    readonly desk: Pick<Desk, "undos" | "undoCard">;
    readonly inbox: Pick<ChatInbox, "undo">;
    readonly undo: { undo(run: string, person: PersonId): Promise<unknown> };
    readonly person: (as: string | undefined, otherwise: string) => PersonId;
  },
): void {
  app.post("/runs/:id/undo", async (context) => {
    const { as } = runBody.parse(await context.req.json());
    return context.json(await o.undo.undo(context.req.param("id"), o.person(as, "manager")));
  });
  app.get("/undos", async (context) => {
    const undos = await o.desk.undos(o.person(context.req.query("as"), "manager"));
    return context.json(undos.map((each) => ({ ...each, ...undoRefOf(each.id) })));
  });
  app.get("/undos/:id", async (context) => {
    const id = context.req.param("id");
    const card = await o.desk.undoCard(id, o.person(context.req.query("as"), "manager"));
    if (card === undefined) {
      throw new AppError("not-found", `undo ${id} does not exist, or you may not see it`);
    }
    return context.json(card);
  });
  app.post("/undos/:id", async (context) => {
    const { as, ...act } = actBody.parse(await context.req.json());
    const person = o.person(as, "manager");
    return context.json(
      await o.inbox.undo({ undo: context.req.param("id"), person, adapter: "terminal", ...act }),
    );
  });
}
