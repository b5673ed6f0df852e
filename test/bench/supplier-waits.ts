// Loaded into the agents process (node --import): writes down when each HTTP exchange with a wholesaler or with the
// mailbox service begins and ends, as JSON lines [begin, end, isMail], in milliseconds since the epoch, into the file
// that this module's own URL names (?file=…): processes inherit no settings but the product's.
import { subscribe } from "node:diagnostics_channel";
import { appendFileSync } from "node:fs";

const file = new URL(import.meta.url).searchParams.get("file");
if (file !== null && process.argv[2] === "agent") {
  const begun = new Map<object, number>();
  const requestOf = (message: unknown): object & { readonly path?: string } =>
    (message as { readonly request: object }).request;
  subscribe("undici:request:create", (message) => begun.set(requestOf(message), Date.now()));
  const end = (message: unknown): void => {
    const request = requestOf(message);
    const begin = begun.get(request);
    if (begin !== undefined && begun.delete(request)) {
      const isMail = request.path?.startsWith("/mailboxes/") === true;
      appendFileSync(file, `${JSON.stringify([begin, Date.now(), isMail])}\n`);
    }
  };
  subscribe("undici:request:trailers", end);
  subscribe("undici:request:error", end);
}
