import { z } from "zod";
import type { Json } from "./domain.ts";

/** Came out of `JSON.parse`, so it is JSON already; whoever uses it parses it by a schema of its own. */
export const parsedJson = z.custom<Json>((value) => value !== undefined);
