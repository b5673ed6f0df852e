import { Hono } from "hono";
import { z } from "zod";
import type { Desk } from "../../src/desk-types.ts";
import type { ChatInbox } from "../../src/ports.ts";
import { undoActs } from "../../src/undo-types.ts";
import type { SignedIn } from "./console-session.ts";

const actBody = z.strictObject({
  act: z.enum(undoActs),
  note: z.string().trim().min(1).max(2_000).exactOptional(),
  /** Of the try that the card showed. */
  attempt: z.int().min(0),
});

/** Undos that need a person, below the signed-in person's api. */
export function undoApi(desk: Pick<Desk, "undos" | "undoCard">, inbox: () => ChatInbox): Hono<SignedIn> {
  const api = new Hono<SignedIn>();
  api.get("/", async (context) => context.json(await desk.undos(context.var.person.id)));
  api.post("/:undo", async (context) => {
    const body = actBody.parse(await context.req.json());
    const undo = context.req.param("undo");
    const person = context.var.person.id;
    const answer = await inbox().undo({ undo, person, adapter: "console", ...body });
    const card = await desk.undoCard(undo, person);
    return context.json({ ...answer, card });
  });
  return api;
}
