import { z, type ZodType } from "zod";
import type { SlackWeb } from "./web.ts";

const pageSize = 200;

/** How a page says where the next one begins: a part of its schema. https://docs.slack.dev/apis/web-api/pagination */
export const cursorField = {
  response_metadata: z.object({ next_cursor: z.string().default("") }).optional(),
};

/** The pages of a long answer, one call each, as far as they are asked for and at most `mostPages`. */
export async function* pages<T extends z.infer<z.ZodObject<typeof cursorField>>>(
  web: Pick<SlackWeb, "call">,
  method: string,
  args: Readonly<Record<string, unknown>>,
  o: {
    readonly answer: ZodType<T>;
    readonly mostPages: number;
    readonly urgent?: boolean;
    readonly patienceMs?: number;
  },
): AsyncGenerator<T, void, undefined> {
  const { mostPages, ...call } = o;
  let cursor = "";
  for (let page = 0; page < mostPages; page += 1) {
    const from = cursor === "" ? {} : { cursor };
    const found = await web.call(method, { ...args, limit: pageSize, ...from }, call);
    yield found;
    cursor = found.response_metadata?.next_cursor ?? "";
    if (cursor === "") {
      return;
    }
  }
}
