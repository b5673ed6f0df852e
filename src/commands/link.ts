import { z } from "zod";
import type { Settings } from "../config.ts";
import { controlClient } from "./control-client.ts";
import { answer, answerJson } from "./output.ts";

const reply = z.object({ person: z.string(), link: z.url() });

/** A fresh link of the running console: it signs this person in once, within 15 minutes. */
export async function link(
  settings: Settings,
  person: string,
  o: { readonly as?: string; readonly json?: boolean },
): Promise<void> {
  const made = reply.parse(
    await controlClient(settings.runtime, "bot").post("/links", {
      person,
      ...(o.as === undefined ? {} : { as: o.as }),
    }),
  );
  if (o.json === true) {
    answerJson(made);
  } else {
    answer(made.link);
  }
}
