import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { PersonId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { Clock, Store } from "../../src/ports.ts";

const secretBytes = 32;
const linkLifetimeMs = 15 * 60_000;
const sessionLifetimeMs = 12 * 3_600_000;

const storedSession = z.object({ person: z.string(), expiresAt: z.number() });

/** Where sessions outlive a restart; what is kept there are hashes, never what a browser holds. */
export type SessionMemory = Pick<Store, "getValue" | "setValue">;

/** A signed-in browser. */
export interface Session {
  readonly person: PersonId;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** What every POST must bring in a header: only a page of this origin can read it. */
  readonly csrf: string;
}
export interface Sessions {
  /** A one-time secret that signs this person in within 15 minutes. */
  issue(person: PersonId): string;
  /** Whom an unused link signs in; looking consumes nothing. */
  invited(token: string): PersonId | undefined;
  /** Consumes the link: the secret of a new session (12 h). Throws `link-expired` when it is used, old or unknown. */
  signIn(token: string): Promise<{ readonly secret: string; readonly person: PersonId }>;
  find(secret: string): Promise<Session | undefined>;
  signOut(secret: string): Promise<void>;
}

/** Sign-in links and sessions. Both are 32 random bytes; here only their SHA-256 is kept. */
export function createSessions(o: {
  readonly clock: Clock;
  /** Without it sessions end with the process. */
  readonly memory?: SessionMemory | undefined;
}): Sessions {
  const links = new Map<string, { readonly person: PersonId; readonly expiresAt: number }>();
  const memory = o.memory ?? forgetful();

  function link(token: string) {
    const now = o.clock.now();
    for (const [hash, each] of links) {
      if (each.expiresAt <= now) {
        links.delete(hash);
      }
    }
    return links.get(hashOf(token));
  }
  return {
    issue(person) {
      const token = newSecret();
      links.set(hashOf(token), { person, expiresAt: o.clock.now() + linkLifetimeMs });
      return token;
    },
    invited: (token) => link(token)?.person,
    async signIn(token) {
      const found = link(token);
      if (found === undefined) {
        throw new AppError("link-expired", "this sign-in link was used already or is older than 15 minutes");
      }
      // Before anything is awaited: a second click finds nothing.
      links.delete(hashOf(token));
      const secret = newSecret();
      const session = { person: found.person, expiresAt: o.clock.now() + sessionLifetimeMs };
      await memory.setValue(placeOf(secret), JSON.stringify(session), { passing: true });
      return { secret, person: found.person };
    },
    async find(secret) {
      const text = await memory.getValue(placeOf(secret));
      if (text === undefined || text === "") {
        return undefined;
      }
      const session = storedSession.parse(JSON.parse(text));
      return session.expiresAt > o.clock.now() ? { ...session, csrf: csrfOf(secret) } : undefined;
    },
    signOut: (secret) => memory.setValue(placeOf(secret), "", { passing: true }),
  };
}

/** Compares without telling by its time where two texts differ. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(a)), Buffer.from(hashOf(b)));
}
function newSecret(): string {
  return randomBytes(secretBytes).toString("base64url");
}
function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
function placeOf(secret: string): string {
  return `console-session-${hashOf(secret)}`;
}
function csrfOf(secret: string): string {
  return createHmac("sha256", secret).update("countersign/csrf/1").digest("base64url");
}
function forgetful(): SessionMemory {
  const values = new Map<string, string>();
  return {
    getValue: (key) => Promise.resolve(values.get(key)),
    setValue(key, value) {
      values.set(key, value);
      return Promise.resolve();
    },
  };
}
