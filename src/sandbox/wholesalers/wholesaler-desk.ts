import { AppError, toErrorInfo } from "../../errors.ts";
import type { Clock, Logger } from "../../ports.ts";
import type { Catalogue } from "../company/catalogues.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { faultsSchema, garbageText, type FaultSettings } from "./faults.ts";
import { answerJsonRequest } from "./json-answers.ts";
import type { LoopbackServer, ServerAnswer, ServerRequest } from "./loopback-server.ts";
import { MailClerk } from "./mail-clerk.ts";
import { answerUblRequest } from "./ubl-answers.ts";
import { Wholesaler } from "./wholesaler.ts";

type Answer = (request: ServerRequest) => ServerAnswer;

/** How each wholesaler of the sandbox is spoken to. */
const protocols: Readonly<
  Record<string, { protocol: "json" | "ubl" } | { protocol: "mail"; address: string }>
> = {
  "alpine-parts": { protocol: "json" },
  borealis: { protocol: "json" },
  cobalt: { protocol: "ubl" },
  deltaline: { protocol: "ubl" },
  evergreen: { protocol: "mail", address: "orders@evergreen.example" },
};

/** A wholesaler with its way of being spoken to, and with what is made to go wrong. */
export interface WholesalerDesk {
  readonly wholesaler: Wholesaler;
  /** What the company's books name. */
  readonly endpoint: string;
  /** Its own HTTP server. */
  readonly url: string;
  setFaults(faults: FaultSettings): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the wholesaler's database, starts its server (`listen`) and, where it works by mail, its reading of letters.
 */
export async function openWholesalerDesk(o: {
  readonly id: string;
  readonly catalogue: Catalogue;
  readonly file: string;
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly log: Logger;
  readonly listen: (answer: Answer) => Promise<LoopbackServer>;
}): Promise<WholesalerDesk> {
  const way = protocols[o.id];
  if (way === undefined) {
    throw new AppError("unknown-wholesaler", `the sandbox does not know how "${o.id}" is spoken to`);
  }
  const wholesaler = new Wholesaler(o);
  const contentType = way.protocol === "ubl" ? "application/xml" : "application/json";
  const plainAnswer: Answer =
    way.protocol === "ubl"
      ? (request) => answerUblRequest(wholesaler, o.clock, request)
      : (request) => answerJsonRequest(wholesaler, request);
  const answer: Answer = (request) => {
    const { faults, id } = wholesaler;
    if (faults.slow) {
      o.log.info({ wholesaler: id, method: request.method }, "wholesaler.held");
      return "hold";
    }
    if (faults.garbage) {
      return { status: 200, contentType, body: garbageText };
    }
    const reply = plainAnswer(request);
    if (faults.loseReply && request.method === "POST" && request.path[0] === "orders") {
      o.log.info({ wholesaler: id }, "wholesaler.reply-lost");
      return "drop";
    }
    return reply;
  };

  let server: LoopbackServer | undefined = await o.listen(answer).catch((error: unknown) => {
    wholesaler.close();
    throw error;
  });
  const { url } = server;
  const clerk =
    way.protocol === "mail" ? new MailClerk({ wholesaler, address: way.address, ...o }) : undefined;
  if (way.protocol === "mail") {
    // After the delivery is acknowledged: whoever writes does not wait for the answer.
    o.mailbox.onDelivery(way.address, () => setImmediate(() => work()));
  }
  let closed = false;
  const work = (): void => {
    if (closed) {
      return;
    }
    try {
      clerk?.work();
    } catch (error) {
      // What was not committed is done again with the next letter or at the next start.
      o.log.error({ wholesaler: wholesaler.id, ...toErrorInfo(error) }, "wholesaler.clerk-failed");
    }
  };
  work();

  return {
    wholesaler,
    url,
    endpoint: way.protocol === "mail" ? way.address : url,
    async setFaults(settings) {
      const faults = faultsSchema.parse(settings);
      wholesaler.faults = faults;
      if (way.protocol === "mail") {
        o.mailbox.setReachable(way.address, !faults.down);
        work();
      } else if (faults.down) {
        await server?.close();
        server = undefined;
      } else {
        server ??= await o.listen(answer);
      }
    },
    async close() {
      closed = true;
      await server?.close();
      wholesaler.close();
    },
  };
}
