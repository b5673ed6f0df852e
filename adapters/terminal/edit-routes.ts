import type { Hono } from "hono";
import { z } from "zod";
import type { EditInbox, PlanEdit } from "../../src/edit-types.ts";
import type { PersonId } from "../../src/domain.ts";

const editBody = z.strictObject({
  as: z.string().optional(),
  /** Made by the client, so that a repeated call is the same edit. */
  key: z.uuid(),
  planHash: z.string().exactOptional(),
  // Its fields are judged by whoever takes the edit, who says what was expected.
  changes: z.custom<PlanEdit>((value) => typeof value === "object" && value !== null),
});

/** Changing a plan over the bot's socket; ID is an approval's or a run's. */
export function editRoutes(
  app: Hono,
  inbox: EditInbox,
  person: (as: string | undefined, otherwise: string) => PersonId,
): void {
  const editingOf = (approval: string, body: unknown) => {
    const { as, key, ...given } = editBody.parse(body);
    const by = person(as, "manager");
    return { approval, person: by, adapter: "terminal", key: `terminal:${by}:${key}`, ...given };
  };
  app.get("/approvals/:id/edit", async (context) =>
    context.json(await inbox.editForm(context.req.param("id"), person(context.req.query("as"), "manager"))),
  );
  app.post("/approvals/:id/edit/preview", async (context) =>
    context.json(await inbox.previewEdit(editingOf(context.req.param("id"), await context.req.json()))),
  );
  app.post("/approvals/:id/edit", async (context) =>
    context.json(await inbox.edit(editingOf(context.req.param("id"), await context.req.json()))),
  );
}
