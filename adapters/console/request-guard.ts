import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { AppError } from "../../src/errors.ts";

/** Above what intake reads, so that a long request gets intake's clear answer. */
const longestBody = 256 * 1024;

const headers: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
  "cache-control": "no-store",
};

/** On every answer: nothing inline, nothing from elsewhere, in no frame, in no cache. */
export const secureAnswers: MiddlewareHandler = async (context, next) => {
  await next();
  for (const [name, value] of Object.entries(headers)) {
    context.res.headers.set(name, value);
  }
};

/**
 * Only known names lead here: against DNS rebinding, where a stranger's name points at this machine. The port is not
 * compared, because a container's published port may differ from its own.
 */
export function knownHostsOnly(names: readonly string[]): MiddlewareHandler {
  const known = new Set(names.map((name) => name.toLowerCase()));
  return async (context, next) => {
    const host = context.req.header("host") ?? "";
    if (!known.has(host.toLowerCase()) && !known.has(nameOf(host))) {
      throw new AppError("bad-host", `this console does not answer to the name "${host.slice(0, 100)}"`);
    }
    await next();
  };
}

/** What changes something must come from a page of this console: same origin, JSON, of bounded size. */
export const sameOriginOnly: MiddlewareHandler = async (context, next) => {
  const site = context.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && site !== "none") {
    throw new AppError("bad-origin", "this address answers only pages of the console itself");
  }
  if (context.req.method !== "GET") {
    const origin = context.req.header("origin") ?? "";
    if (hostOfOrigin(origin) !== context.req.header("host")?.toLowerCase()) {
      throw new AppError("bad-origin", "the request does not come from a page of the console itself");
    }
    const type = (context.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
    if (type !== "application/json") {
      throw new AppError("not-json", 'expected a body of the type "application/json"');
    }
  }
  await next();
};

export const boundedBody: MiddlewareHandler = bodyLimit({
  maxSize: longestBody,
  onError() {
    throw new AppError("body-too-large", `the request is larger than ${longestBody} bytes`);
  },
});

/** "127.0.0.1:8674" → "127.0.0.1", "[::1]:8674" → "[::1]" */
function nameOf(host: string): string {
  return host.replace(/:\d+$/, "").toLowerCase();
}
function hostOfOrigin(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
