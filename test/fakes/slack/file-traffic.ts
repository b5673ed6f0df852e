import type { IncomingMessage, ServerResponse } from "node:http";
import type { WebApi } from "./web-api.ts";
import { bearer } from "./web-api.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The bytes of files: the upload to the address given out, and the download of `url_private`, which without a token is
 * answered with a sign-in page and status 200. https://docs.slack.dev/messaging/working-with-files. Returns whether the
 * address was one of these.
 */
export function fileTraffic(
  o: { readonly workspace: Workspace; readonly api: WebApi },
  area: string,
  rest: readonly string[],
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): boolean {
  if (area === "upload" && rest[0] === "v1") {
    const file = o.workspace.files.get(rest[1] ?? "");
    const content = multipartContent(request.headers["content-type"] ?? "", body);
    if (file === undefined || file.content !== undefined || content.length !== file.expected) {
      response.writeHead(400, { "content-type": "text/plain" }).end("upload does not match its announcement");
    } else {
      file.content = content;
      response.writeHead(200, { "content-type": "text/plain" }).end(`OK - ${content.length}`);
    }
    return true;
  }
  if (area === "files-pri") {
    const id = (rest[0] ?? "").split("-").at(-1) ?? "";
    const file = o.workspace.files.get(id);
    if (!o.api.mayRead(bearer(request), "files:read")) {
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Sign in</title>");
    } else if (file?.content === undefined) {
      response.writeHead(404, { "content-type": "text/plain" }).end("file not found");
    } else {
      response.writeHead(200, { "content-type": file.mimetype }).end(file.content);
    }
    return true;
  }
  return false;
}

/** The bytes themselves, or the first part of a form, which is what the SDK sends. */
function multipartContent(contentType: string, body: Buffer): Buffer {
  const boundary = /boundary=(?:"([^"]+)"|([^;]+))/
    .exec(contentType)
    ?.slice(1)
    .find((each) => each !== undefined);
  if (!contentType.startsWith("multipart/") || boundary === undefined) {
    return body;
  }
  const start = body.indexOf("\r\n\r\n") + 4;
  const end = body.indexOf(`\r\n--${boundary}`, start);
  return end < start ? Buffer.alloc(0) : body.subarray(start, end);
}
