import type { PersonId, ThreadId } from "../../src/domain.ts";

/** One request's conversation: "console:PERSON-ID". The id has no "-", so the person can be told from it. */
export function threadOf(person: PersonId, id: string): ThreadId {
  return `console:${encodeURIComponent(person)}-${id.replaceAll("-", "")}`;
}
/** Whose thread it is; undefined when it is none of the console's. */
export function ownerOf(thread: string): PersonId | undefined {
  const match = /^console:(.+)-[^-]+$/.exec(thread);
  try {
    return match?.[1] === undefined ? undefined : decodeURIComponent(match[1]);
  } catch {
    return undefined;
  }
}
