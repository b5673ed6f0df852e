import { Hono } from "hono";
import { z } from "zod";
import type { Desk, RunDetail } from "../../src/desk-types.ts";
import type { PersonId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { ChatInbox, Clock } from "../../src/ports.ts";
import { type SignedIn, signedInOnly, takeCookie } from "./console-session.ts";
import { ownerOf, threadOf } from "./console-thread.ts";
import { eventStream } from "./event-stream.ts";
import type { LiveFeed } from "./live-feed.ts";
import { sameOriginOnly } from "./request-guard.ts";
import { rightsApi } from "./rights-api.ts";
import { safetyApi } from "./safety-api.ts";
import type { Sessions } from "./sessions.ts";
import { undoApi } from "./undo-api.ts";

const shownConversations = 20;
const shownRequests = 100;

const requestBody = z.strictObject({
  /** Made by the page, once per message: a message sent twice is one. */
  key: z.uuid(),
  text: z.string(),
  thread: z.templateLiteral(["console:", z.string().max(300)]).optional(),
});
const decisionBody = z.strictObject({
  verdict: z.enum(["approved", "rejected"]),
  reason: z.string().trim().min(1).max(2_000).optional(),
  /** Of the plan that the card showed. */
  planHash: z.string().max(100),
});

export interface ConsoleServices {
  readonly desk: Desk;
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly feed: LiveFeed;
  readonly inbox: () => ChatInbox;
}

/** What the pages ask and send, below "/p/PERSON/api"; every answer is for that person's eyes. */
export function consoleApi(services: ConsoleServices): Hono<SignedIn> {
  const { desk, clock, sessions, feed, inbox } = services;
  const api = new Hono<SignedIn>();
  api.use(sameOriginOnly, signedInOnly(desk, sessions));

  async function conversation(run: RunDetail, viewer: PersonId) {
    const { id, thread, status, createdAt, requestText, dialogue } = run;
    const cards = await desk.cards(id, viewer);
    return { run: id, thread, status, createdAt, requestText, dialogue, cards };
  }
  async function visibleRun(id: string, viewer: PersonId): Promise<RunDetail> {
    return found(await desk.run(id, viewer), `run ${id}`);
  }

  api.get("/me", (context) => {
    const { id, name, roles } = context.var.person;
    return context.json({ person: { id, name, roles }, demo: desk.demo, csrf: context.var.session.csrf });
  });
  api.get("/chat", async (context) => {
    const viewer = context.var.person.id;
    const own = (await desk.runs(viewer, { limit: shownRequests })).filter(
      (run) => ownerOf(run.thread) === viewer && run.requester === viewer,
    );
    const conversations = await Promise.all(
      own.slice(0, shownConversations).map(async (summary) => {
        const run = await desk.run(summary.id, viewer);
        return run === undefined ? [] : [await conversation(run, viewer)];
      }),
    );
    return context.json(conversations.flat());
  });
  api.get("/chat/:run", async (context) => {
    const viewer = context.var.person.id;
    return context.json(await conversation(await visibleRun(context.req.param("run"), viewer), viewer));
  });
  api.get("/requests", async (context) =>
    context.json(await desk.runs(context.var.person.id, { limit: shownRequests })),
  );
  api.get("/runs/:run", async (context) =>
    context.json(await visibleRun(context.req.param("run"), context.var.person.id)),
  );
  api.get("/approvals", async (context) => context.json(await desk.approvals(context.var.person.id)));
  api.get("/events", (context) => {
    const { person, session } = context.var;
    return eventStream(
      context,
      feed,
      person.id,
      () => session.expiresAt > clock.now() && desk.person(person.id)?.active === true,
    );
  });

  api.post("/requests", async (context) => {
    const body = requestBody.parse(await context.req.json());
    const person = context.var.person.id;
    const thread = body.thread ?? threadOf(person, body.key);
    if (ownerOf(thread) !== person) {
      throw new AppError("not-allowed", `thread "${thread}" is not yours`);
    }
    const answer = await inbox().request({
      key: `console:${encodeURIComponent(person)}:${body.key}`,
      thread,
      person,
      text: body.text,
    });
    return context.json({ ...answer, thread });
  });
  api.post("/approvals/:approval", async (context) => {
    const body = decisionBody.parse(await context.req.json());
    const person = context.var.person.id;
    const approval = context.req.param("approval");
    const shown = found(await desk.approvalCard(approval, person), `approval ${approval}`);
    if (shown.approval !== null && shown.approval.planHash !== body.planHash) {
      throw new AppError("plan-changed", "the plan is another one than your page showed: look at it again");
    }
    if (body.verdict === "rejected" && body.reason === undefined) {
      throw new AppError("reason-missing", 'field "reason": say why, the requester will read it');
    }
    const answer = await inbox().decision({
      approval,
      person,
      verdict: body.verdict,
      ...(body.reason === undefined ? {} : { reason: body.reason }),
      adapter: "console",
      assurance: "clicked",
    });
    const card = await desk.approvalCard(approval, person);
    return context.json({ ...answer, card });
  });
  api.post("/runs/:run/cancel", async (context) =>
    context.json(await inbox().cancel(context.req.param("run"), context.var.person.id)),
  );
  api.route("/safety", safetyApi(inbox));
  api.route("/undos", undoApi(desk, inbox));
  api.route("/rights", rightsApi(inbox));
  api.post("/sign-out", async (context) => {
    await sessions.signOut(context.var.secret);
    takeCookie(context, desk, context.var.person.id);
    return context.json({ outcome: "signed-out" });
  });
  return api;
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) {
    throw new AppError("not-found", `${what} does not exist, or you may not see it`);
  }
  return value;
}
