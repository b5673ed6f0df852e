import { z } from "zod";
import type { Json } from "./domain.ts";

/** Came out of `JSON.parse`, so it is JSON already; whoever uses it parses it by a schema of its own. */
export const parsedJson = z.custom<Json>((value) => value !== undefined);

/** The value of a JSON text; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
