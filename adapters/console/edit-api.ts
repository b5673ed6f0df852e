import { Hono } from "hono";
import { z } from "zod";
import type { PlanEdit, PlanEditing } from "../../src/edit-types.ts";
import type { ChatInbox } from "../../src/ports.ts";
import type { SignedIn } from "./console-session.ts";

const editBody = z.strictObject({
  /** Made by the page, once per form: a form sent twice is one edit. */
  key: z.uuid(),
  /** Of the plan that the form showed. */
  planHash: z.string().max(100),
  // Its fields are judged by whoever takes the edit, who says what was expected.
  changes: z.custom<PlanEdit>((value) => typeof value === "object" && value !== null),
});

/** Changing the plan of an open approval, below the signed-in person's api. */
export function editApi(inbox: () => ChatInbox): Hono<SignedIn> {
  const api = new Hono<SignedIn>();
  const editingOf = (approval: string, person: string, body: unknown): PlanEditing => {
    const { key, ...given } = editBody.parse(body);
    return {
      ...given,
      approval,
      person,
      adapter: "console",
      key: `console:${encodeURIComponent(person)}:${key}`,
    };
  };
  api.get("/:approval/edit", async (context) =>
    context.json(await inbox().editForm(context.req.param("approval"), context.var.person.id)),
  );
  api.post("/:approval/edit/preview", async (context) => {
    const editing = editingOf(context.req.param("approval"), context.var.person.id, await context.req.json());
    return context.json(await inbox().previewEdit(editing));
  });
  api.post("/:approval/edit", async (context) => {
    const editing = editingOf(context.req.param("approval"), context.var.person.id, await context.req.json());
    return context.json(await inbox().edit(editing));
  });
  return api;
}
