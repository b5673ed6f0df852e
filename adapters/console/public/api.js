/** An answer that says what went wrong; `code` is stable, `message` is for people. */
class ApiError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** A bot that stands still keeps no page waiting for longer. */
export const answerMs = 30_000;

/** The address of this person's pages: "/p/PERSON/". */
const home = new URL("./", location.href).pathname;
/** @type {string} */
let csrf = "";

/** @param {string} path @param {RequestInit} [init] */
async function call(path, init) {
  let response;
  let body;
  try {
    const signal = AbortSignal.timeout(answerMs);
    response = await fetch(`${home}api${path}`, {
      credentials: "same-origin",
      cache: "no-store",
      signal,
      ...init,
    });
    body = await response.json().catch((error) => {
      signal.throwIfAborted();
      return error instanceof SyntaxError ? {} : Promise.reject(error);
    });
  } catch {
    throw new ApiError("offline", "the console does not answer; look again before you repeat anything");
  }
  if (response.status === 401) {
    location.reload();
  }
  if (!response.ok) {
    const { code = "failed", message = `the console answered with status ${response.status}` } =
      body.error ?? {};
    throw new ApiError(code, message);
  }
  return body;
}

/** @param {string} path */
export function get(path) {
  return call(path);
}
/** @param {string} path @param {object} body */
export function post(path, body) {
  return call(path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": csrf },
    body: JSON.stringify(body),
  });
}
/** Who is signed in; keeps the token that every change needs. */
export async function me() {
  const answer = await get("/me");
  csrf = answer.csrf;
  return answer;
}
export const eventsAddress = `${home}api/events`;
