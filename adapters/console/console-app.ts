import { type Context, Hono } from "hono";
import { z } from "zod";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import type { Ids, Logger } from "../../src/ports.ts";
import { consoleApi, type ConsoleServices } from "./console-api.ts";
import { activePerson, findSession, giveCookie, homeOf } from "./console-session.ts";
import { boundedBody, knownHostsOnly, sameOriginOnly, secureAnswers } from "./request-guard.ts";
import type { StaticFile } from "./static-files.ts";

const tokenBody = z.strictObject({ token: z.string().max(200) });
const statusOf = {
  "signed-out": 401,
  "link-expired": 410,
  "unknown-person": 403,
  "bad-origin": 403,
  "bad-csrf": 403,
  "not-allowed": 403,
  "bad-host": 421,
  "not-json": 415,
  "body-too-large": 413,
  "not-found": 404,
  "plan-changed": 409,
  internal: 500,
} as const;

/** The console's pages and what they talk to. Nothing that a GET does changes anything. */
export function consoleApp(
  o: ConsoleServices & {
    readonly files: ReadonlyMap<string, StaticFile>;
    readonly hosts: readonly string[];
    readonly ids: Ids;
    readonly log: Logger;
  },
): Hono {
  const { desk, sessions, files } = o;
  const app = new Hono();
  app.use(secureAnswers, knownHostsOnly(o.hosts), boundedBody);
  const page = (context: Context, name: string, status: 200 | 401 = 200) => {
    const file = files.get(`/assets/${name}`);
    return file === undefined
      ? context.notFound()
      : context.body(file.text, status, { "content-type": file.type });
  };

  app.onError((error, context) => {
    const info = problemOf(error);
    if (info.code !== "internal") {
      const status = Object.hasOwn(statusOf, info.code) ? statusOf[info.code as keyof typeof statusOf] : 400;
      return context.json({ error: info }, status);
    }
    const reference = o.ids.next("E");
    o.log.error({ reference, path: context.req.path, error: info.message }, "console-failed");
    const message = `something went wrong here; it is in the log under ${reference}`;
    return context.json({ error: { code: "internal", message, retryable: true } }, 500);
  });
  app.notFound((context) => {
    const error = { code: "not-found", message: "there is no such page", retryable: false };
    return context.json({ error }, 404);
  });

  app.get("/", async (context) => {
    const found = await findSession(context, desk, sessions);
    return found === undefined
      ? page(context, "signed-out.html")
      : context.redirect(`${homeOf(found.person.id)}/`);
  });
  // Link previews and mail scanners follow links: this shows a page, and only its button signs in.
  app.get("/sign-in", (context) => page(context, "sign-in.html"));
  app.post("/sign-in/person", sameOriginOnly, async (context) => {
    const { token } = tokenBody.parse(await context.req.json());
    const { id, name } = activePerson(desk, invited(sessions.invited(token)));
    return context.json({ person: { id, name }, demo: desk.demo });
  });
  app.post("/sign-in", sameOriginOnly, async (context) => {
    const { token } = tokenBody.parse(await context.req.json());
    activePerson(desk, invited(sessions.invited(token)));
    const { secret, person } = await sessions.signIn(token);
    giveCookie(context, desk, person, secret);
    o.log.info({ person }, "console-signed-in");
    return context.json({ location: `${homeOf(person)}/` });
  });

  app.route("/p/:person/api", consoleApi(o));
  app.get("/p/:person", (context) => context.redirect(`${homeOf(context.req.param("person"))}/`));
  app.get("/p/:person/", async (context) => {
    const found = await findSession(context, desk, sessions);
    return found?.person.id === context.req.param("person")
      ? page(context, "index.html")
      : page(context, "signed-out.html", 401);
  });
  for (const [address, file] of files) {
    if (!address.endsWith(".html")) {
      app.get(address, (context) => context.body(file.text, 200, { "content-type": file.type }));
    }
  }
  return app;
}

function invited(person: string | undefined): string {
  if (person === undefined) {
    throw new AppError("link-expired", "this sign-in link was used already or is older than 15 minutes");
  }
  return person;
}
function problemOf(error: unknown) {
  if (error instanceof z.ZodError) {
    const issue = error.issues[0];
    const message = `field "${issue?.path.join(".") ?? ""}": ${issue?.message ?? "not valid"}`;
    return { code: "bad-request", message, retryable: false };
  }
  return error instanceof SyntaxError
    ? { code: "not-json", message: "the body is not JSON", retryable: false }
    : toErrorInfo(error);
}
