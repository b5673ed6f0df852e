import { z } from "zod";
import { AppError } from "../../errors.ts";
import type { ServerReply, ServerRequest } from "./loopback-server.ts";
import { faultsSchema, type FaultSettings } from "./faults.ts";
import type { BookedOrder } from "./trade.ts";

export interface WholesalersControl {
  /** All orders booked at a wholesaler, oldest first. */
  orders(id: string): readonly BookedOrder[];
  /** Replaces the faults of a wholesaler; what is not named is off. */
  setFaults(id: string, faults: FaultSettings): Promise<void>;
  restock(id: string): void;
}

/** The control endpoint: GET /wholesalers/ID/orders, PUT /wholesalers/ID/faults, POST /wholesalers/ID/restock. */
export async function answerControlRequest(
  control: WholesalersControl,
  request: ServerRequest,
): Promise<ServerReply> {
  const [root, id = "", leaf] = request.path;
  const route = root === "wholesalers" ? `${request.method} ${leaf}` : "";
  try {
    switch (route) {
      case "GET orders":
        return json(200, { orders: control.orders(id) });
      case "PUT faults":
        // A web page cannot send this content type elsewhere without being asked first, and we do not answer that.
        if (request.contentType !== "application/json") {
          return json(415, {
            error: { code: "bad-request", message: "faults are sent as application/json" },
          });
        }
        await control.setFaults(id, faultsSchema.parse(JSON.parse(request.body)));
        return json(200, {});
      case "POST restock":
        control.restock(id);
        return json(200, {});
      default:
        return json(404, { error: { code: "not-found", message: "no such resource" } });
    }
  } catch (error) {
    if (error instanceof AppError || error instanceof z.ZodError || error instanceof SyntaxError) {
      return json(400, { error: { code: "bad-request", message: error.message } });
    }
    throw error;
  }
}

function json(status: number, body: unknown): ServerReply {
  return { status, contentType: "application/json", body: JSON.stringify(body) };
}
