import { AppError } from "../../src/errors.ts";
import { connectionFailed, supplierDown, supplierGarbage, supplierSlow } from "./supplier-error.ts";

export interface SupplierRequest {
  /** The wholesaler's id, for errors. */
  readonly supplier: string;
  /** The supplier's own endpoint; nothing else is ever contacted. */
  readonly endpoint: string;
  /** Path segments below the endpoint; encoded here. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly method: "GET" | "POST";
  readonly body?: string;
  /** The content type sent and the only one accepted. */
  readonly contentType: string;
  readonly signal: AbortSignal;
}
export interface SupplierReply {
  /** 2xx or 4xx; everything else has become an error. */
  readonly status: number;
  readonly text: string;
}

/** Far above any honest answer; a longer one is not read to its end. */
const maxReplyBytes = 1024 * 1024;

/** One HTTP exchange with a supplier: bounded in time by the signal and in size, no redirects, one content type. */
export async function askSupplier(request: SupplierRequest): Promise<SupplierReply> {
  const { supplier, signal, contentType } = request;
  try {
    const response = await fetch(addressOf(request), {
      method: request.method,
      headers: {
        accept: contentType,
        // A connection of its own: on a kept one that has ended meanwhile, nobody could say whether an order arrived.
        connection: "close",
        ...(request.body === undefined ? {} : { "content-type": `${contentType}; charset=utf-8` }),
      },
      ...(request.body === undefined ? {} : { body: request.body }),
      // Not followed: a 3xx is seen and refused below, so that it is not mistaken for a supplier that is down.
      redirect: "manual",
      signal,
    });
    const usable = (response.status >= 200 && response.status < 300) || response.status >= 400;
    if (!usable || response.status >= 500 || response.status === 429) {
      await response.body?.cancel();
      throw usable
        ? supplierDown(supplier, `HTTP status ${response.status}`)
        : supplierGarbage(
            supplier,
            `HTTP status ${response.status} is not expected; redirects are not followed`,
          );
    }
    const found = response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (found !== contentType) {
      await response.body?.cancel();
      throw supplierGarbage(supplier, `its content type is not ${contentType}`);
    }
    return { status: response.status, text: await boundedText(supplier, response) };
  } catch (error) {
    if (signal.aborted) {
      throw supplierSlow(supplier);
    }
    // fetch and the body's stream throw TypeErrors for whatever happens on the network.
    throw error instanceof TypeError ? connectionFailed(supplier, error) : error;
  }
}

function addressOf(request: SupplierRequest): URL {
  const url = URL.parse(request.endpoint);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new AppError(
      "bad-endpoint",
      `the endpoint of ${request.supplier} in the books is no http(s) address without credentials`,
    );
  }
  url.pathname = [url.pathname.replace(/\/+$/, ""), ...request.path.map(encodeURIComponent)].join("/");
  url.search = new URLSearchParams(request.query).toString();
  url.hash = "";
  return url;
}

async function boundedText(supplier: string, response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by an exception cancels the stream.
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxReplyBytes) {
      throw supplierGarbage(supplier, `it is longer than ${maxReplyBytes} bytes`);
    }
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw supplierGarbage(supplier, "it is not UTF-8 text", error);
  }
}
