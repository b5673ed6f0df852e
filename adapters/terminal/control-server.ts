import { Hono } from "hono";
import { z } from "zod";
import type { Desk } from "../../src/desk-types.ts";
import type { ErrorInfo, PersonId, ThreadId } from "../../src/domain.ts";
import { AppError, fromErrorInfo, toRequestError, traceOf } from "../../src/errors.ts";
import type { ChatInbox, Logger } from "../../src/ports.ts";
import { editRoutes } from "./edit-routes.ts";
import { longAnswer } from "./long-answer.ts";
import { rightsRoutes } from "./rights-routes.ts";
import { runStream } from "./run-stream.ts";
import { safetyRoutes } from "./safety-routes.ts";
import { listenOnSocket } from "./socket-server.ts";
import type { TerminalAdapter } from "./terminal-adapter.ts";
import { undoRoutes } from "./undo-routes.ts";

const askBody = z.strictObject({
  /** Made by the client, so that a repeated call is the same request. */
  key: z.uuid(),
  as: z.string().optional(),
  text: z.string(),
  /** The run whose question this answers. */
  run: z.string().optional(),
});
const linkBody = z.strictObject({ as: z.string().optional(), person: z.string() });
const decisionBody = z.strictObject({
  as: z.string().optional(),
  verdict: z.enum(["approved", "rejected"]),
  reason: z.string().max(2_000).optional(),
  breakGlass: z.literal(true).exactOptional(),
});
const actorBody = z.strictObject({ as: z.string().optional() });
const pauseBody = z.strictObject({ as: z.string().optional(), paused: z.boolean() });
const eraseCommon = { as: z.string().optional(), reason: z.string().trim().min(1).max(2_000) };
const eraseBody = z.union([
  z.strictObject({ run: z.string(), ...eraseCommon }),
  z.strictObject({ person: z.string(), ...eraseCommon }),
]);
type WhichRuns = { readonly run: string } | { readonly person: string };

export interface ControlServices {
  readonly desk: Desk;
  readonly inbox: ChatInbox;
  readonly adapter: TerminalAdapter;
  readonly log: Logger;
  /** The person the operating-system user of this socket is mapped to. */
  readonly osPerson: () => PersonId | undefined;
  readonly result: (run: string) => Promise<unknown>;
  readonly refusal: (error: AppError) => unknown;
  /** Whether other bots work on the same record. */
  readonly others: () => boolean;
  readonly after: (ms: number, call: () => void) => () => void;
  readonly status: () => Promise<unknown>;
  /** A one-time link that signs this person in to the console; `by` asked for it. */
  readonly signInLink: (person: PersonId, by: PersonId) => Promise<string>;
  /** What is told of the record's journal; with texts only to admins. */
  readonly journal: Hono;
  readonly undo: { undo(run: string, person: PersonId): Promise<unknown> };
  /** Erases what was said in finished runs: one, or all of a person's. */
  readonly erase: (
    which: WhichRuns,
    o: { readonly by: PersonId; readonly reason: string },
  ) => Promise<unknown>;
  /** Writes down that somebody read texts, of a run or of all. */
  readonly textsExported: (run: string | null, by: PersonId) => Promise<void>;
}

/**
 * The command line's way to the bot: HTTP over a unix socket (0600) in the runtime folder. Whoever may open the socket
 * is the operating-system user of the bot; other people may be named only with the demo company.
 */
export async function startControlServer(
  socketFile: string,
  services: ControlServices,
): Promise<{ close(): Promise<void> }> {
  const { desk, inbox } = services;
  const app = new Hono();
  /** Who acts; without a name the operating-system user, or in the demo `otherwise`. */
  const actor = (as: string | undefined, otherwise = "employee"): PersonId => {
    if (as !== undefined && desk.demo) {
      return as;
    }
    if (as !== undefined) {
      throw new AppError("not-allowed", "--as and --by exist only with the demo company");
    }
    const person = services.osPerson() ?? (desk.demo ? otherwise : undefined);
    if (person === undefined) {
      throw new AppError(
        "unknown-person",
        "your operating-system user is not mapped to a person: see `people`",
      );
    }
    return person;
  };
  // Whoever sits at the demo's terminal may look at everything.
  const viewer = (as: string | undefined): PersonId => actor(as, "admin");
  const admin = (as: string | undefined, what: string): PersonId => {
    const by = actor(as, "admin");
    const person = desk.person(by);
    if (person?.active !== true || !person.roles.includes("admin")) {
      throw new AppError("not-allowed", `"${by}" may not ${what}: only an active admin may`);
    }
    return by;
  };
  const errorInfo = (error: unknown, route: string): ErrorInfo => {
    const info = toRequestError(error);
    if (info.code === "internal") {
      services.log.error({ route, trace: traceOf(error) }, "control-failed");
    }
    return info;
  };
  app.onError((error, context) => {
    const info = errorInfo(error, context.req.routePath);
    return context.json({ error: info }, info.code === "not-found" ? 404 : 400);
  });
  app.post("/requests", async (context) => {
    const body = askBody.parse(await context.req.json());
    const person = actor(body.as);
    const thread =
      body.run === undefined ? (`terminal:${body.key}` as const) : await threadOf(body.run, person);
    const request = {
      key: `terminal:${body.key}`,
      thread,
      person,
      text: body.text,
      // Who answers a run that asks nothing any more has not asked for another one.
      ...(body.run === undefined ? {} : { onlyAnswer: true }),
    };
    const answer = await inbox.request(request);
    return context.json(
      answer.outcome === "accepted"
        ? answer
        : { ...answer, result: services.refusal(fromErrorInfo(answer.error)) },
    );
  });
  app.get("/runs", async (context) => {
    return context.json(await desk.runs(viewer(context.req.query("as")), { all: true, limit: 200 }));
  });
  app.get("/runs/:id", async (context) => {
    const run = await desk.run(context.req.param("id"), viewer(context.req.query("as")));
    return context.json(found(run, `run ${context.req.param("id")}`));
  });
  app.get("/runs/:id/result", async (context) => {
    await visibleRun(context.req.param("id"), context.req.query("as"));
    return context.json(await services.result(context.req.param("id")));
  });
  app.get("/runs/:id/stream", async (context) => {
    const who = viewer(context.req.query("as"));
    const run = await visibleRun(context.req.param("id"), context.req.query("as"));
    return runStream(context, services, { run, who });
  });
  app.post("/runs/:id/cancel", async (context) => {
    const body = actorBody.parse(await context.req.json());
    return context.json(await inbox.cancel(context.req.param("id"), actor(body.as)));
  });
  app.post("/runs/:id/pause", async (context) => {
    const { as, paused } = pauseBody.parse(await context.req.json());
    return context.json(await inbox.pause(context.req.param("id"), actor(as), paused));
  });
  undoRoutes(app, { desk, inbox, undo: services.undo, person: actor });
  app.get("/approvals", async (context) =>
    context.json(await desk.approvals(viewer(context.req.query("as")))),
  );
  app.get("/approvals/:id", async (context) => {
    const card = await desk.approvalCard(context.req.param("id"), viewer(context.req.query("as")));
    return context.json(found(card, `approval ${context.req.param("id")}`));
  });
  app.post("/approvals/:id", async (context) => {
    const body = decisionBody.parse(await context.req.json());
    return context.json(
      await inbox.decision({
        approval: context.req.param("id"),
        person: actor(body.as),
        verdict: body.verdict,
        ...(body.reason === undefined ? {} : { reason: body.reason }),
        ...(body.breakGlass === undefined ? {} : { breakGlass: body.breakGlass }),
        adapter: "terminal",
        assurance: "local",
      }),
    );
  });
  app.post("/links", async (context) => {
    const { as, person } = linkBody.parse(await context.req.json());
    const by = actor(as, "admin");
    const own = desk.person(by);
    if (own?.active !== true || (by !== person && !own.roles.includes("admin"))) {
      throw new AppError(
        "not-allowed",
        `"${by}" may get a sign-in link only as an active person, and for others only as an admin`,
      );
    }
    return context.json({ person, link: await services.signInLink(person, by) });
  });
  safetyRoutes(app, inbox, actor);
  editRoutes(app, inbox, actor);
  rightsRoutes(app, inbox, actor);
  app.get("/agents", async (context) => context.json(await desk.agents()));
  app.post("/erase", async (context) => {
    const { as, reason, ...which } = eraseBody.parse(await context.req.json());
    const by = admin(as, "erase what was said");
    return longAnswer(context, () => services.erase(which, { by, reason }), {
      errorInfo: (error) => errorInfo(error, "/erase"),
    });
  });
  app.use("/journal/export", async (context, next) => {
    const { text, as, run } = context.req.query();
    if (text !== undefined) {
      await services.textsExported(run ?? null, admin(as, "read the journal's texts"));
    }
    await next();
  });
  app.route("/", services.journal);
  app.get("/status", async (context) => context.json(await services.status()));

  /** Only the requester answers in a run's thread, and here only in a terminal's. */
  async function threadOf(id: string, person: PersonId): Promise<ThreadId> {
    const run = found(await desk.run(id, person), `run ${id}`);
    if (run.requester !== person || !run.thread.startsWith("terminal:")) {
      throw new AppError("not-allowed", `run ${id} was not requested by "${person}" in a terminal`);
    }
    return run.thread;
  }
  async function visibleRun(id: string, as: string | undefined) {
    return found(await desk.run(id, viewer(as)), `run ${id}`);
  }
  return listenOnSocket(socketFile, app);
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) {
    throw new AppError("not-found", `${what} does not exist, or you may not see it`);
  }
  return value;
}
