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
 * The requests of a list, one for each of its lines, because an order is for one product; each after what was `said`
 * with the list. All or none: a list that is wrong anywhere is a problem, in words for who asked. Fails while Slack does
 * not give the file: then the message comes again.
 */
export async function requestsFromList(
  files: Files,
  [list, ...others]: readonly AttachedFile[],
  said: string,
): Promise<{ readonly requests: readonly string[] } | { readonly problem: string }> {
  if (list === undefined || others.length > 0) {
    return { problem: "Nothing was ordered: attach one list to a message, not several." };
  }
  try {
    const requests = requestsInList(await files.read(list.id, mostListBytes));
    return { requests: said === "" ? requests : requests.map((request) => `${said}\n${request}`) };
  } catch (error) {
    if (error instanceof AppError && !error.retryable) {
      return { problem: `Nothing was ordered: ${error.message}.` };
    }
    throw error;
  }
}
