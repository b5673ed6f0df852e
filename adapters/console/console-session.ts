import type { Context, MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { Desk } from "../../src/desk-types.ts";
import type { Person, PersonId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import { sameSecret, type Session, type Sessions } from "./sessions.ts";

const cookieName = "countersign-session";

/** What a signed-in request's handlers know. */
export interface SignedIn {
  readonly Variables: { readonly person: Person; readonly session: Session; readonly secret: string };
}

/** An active person of the company; throws `unknown-person` for anybody else. */
export function activePerson(desk: Desk, id: PersonId): Person {
  const person = desk.person(id);
  if (person?.active !== true) {
    throw new AppError("unknown-person", `"${id.slice(0, 100)}" is not an active person of the company`);
  }
  return person;
}

/** Where one person's pages are. */
export function homeOf(person: PersonId): string {
  return `/p/${encodeURIComponent(person)}`;
}

/** In the demo each person has a cookie of their own place, so that several can be signed in side by side. */
function cookiePath(desk: Desk, person: PersonId): string {
  return desk.demo ? homeOf(person) : "/";
}
export function giveCookie(context: Context, desk: Desk, person: PersonId, secret: string): void {
  setCookie(context, cookieName, secret, {
    path: cookiePath(desk, person),
    httpOnly: true,
    sameSite: "Strict",
  });
}
export function takeCookie(context: Context, desk: Desk, person: PersonId): void {
  deleteCookie(context, cookieName, { path: cookiePath(desk, person), httpOnly: true, sameSite: "Strict" });
}

/** Who the browser's cookie stands for; undefined without a live session of an active person. */
export async function findSession(
  context: Context,
  desk: Desk,
  sessions: Sessions,
): Promise<SignedIn["Variables"] | undefined> {
  const secret = getCookie(context, cookieName);
  const session = secret === undefined ? undefined : await sessions.find(secret);
  const person = session === undefined ? undefined : desk.person(session.person);
  return secret === undefined || session === undefined || person?.active !== true
    ? undefined
    : { person, session, secret };
}

/** Lets only the person of the address in, and a change only with the session's CSRF token. */
export function signedInOnly(desk: Desk, sessions: Sessions): MiddlewareHandler<SignedIn> {
  return async (context, next) => {
    const found = await findSession(context, desk, sessions);
    if (found === undefined || found.person.id !== context.req.param("person")) {
      throw new AppError("signed-out", "you are not signed in here: open a new sign-in link");
    }
    if (context.req.method !== "GET") {
      const token = context.req.header("x-csrf-token") ?? "";
      if (!sameSecret(token, found.session.csrf)) {
        throw new AppError("bad-csrf", "this page is out of date: load it again");
      }
    }
    context.set("person", found.person);
    context.set("session", found.session);
    context.set("secret", found.secret);
    await next();
  };
}
