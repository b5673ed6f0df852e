import { AppError } from "../../src/errors.ts";
import type { Files } from "./files.ts";
import type { PostedMessage } from "./payloads.ts";
import { mostListBytes, requestsInList } from "./product-list.ts";

type AttachedFile = PostedMessage["files"][number];

/** The lists among the files of a message; undefined when there are none. */
export function listIn(files: readonly AttachedFile[]): readonly AttachedFile[] | undefined {
  const lists = files.filter(({ name, filetype }) => filetype === "csv" || /\.csv$/i.test(name ?? ""));
  return lists.length === 0 ? undefined : lists;
}

/**
 * A list of one line is the request that it says, after what was `said` with it. Anything else is a problem, in words
 * for who asked: an order is for one product, so a longer list is answered with its requests, to be sent one by one.
 * Fails while Slack does not give the file: then the message comes again.
 */
export async function textFromList(
  files: Files,
  [list, ...others]: readonly AttachedFile[],
  said: string,
): Promise<{ readonly text: string } | { readonly problem: string }> {
  if (list === undefined || others.length > 0) {
    return { problem: "Nothing was ordered: attach one list to a message, not several." };
  }
  try {
    const requests = requestsInList(await files.read(list.id, mostListBytes));
    const [request = ""] = requests;
    if (requests.length === 1) {
      return { text: said === "" ? request : `${said}\n${request}` };
    }
    return {
      problem: [
        `Nothing was ordered yet: a request is for one product, and this list has ${requests.length}. Please send them one at a time:`,
        ...requests,
      ].join("\n"),
    };
  } catch (error) {
    if (error instanceof AppError && !error.retryable) {
      return { problem: `Nothing was ordered: ${error.message}.` };
    }
    throw error;
  }
}
