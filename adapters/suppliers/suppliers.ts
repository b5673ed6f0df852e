import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "../../src/errors.ts";
import type { Clock, Suppliers } from "../../src/ports.ts";
import { openJsonSupplier } from "./json.ts";
import { openMailSupplier, type Sleep } from "./mail.ts";
import { openUblSupplier } from "./ubl.ts";

export interface SuppliersOptions {
  /** Base URL of the service that holds our mailbox; needed for wholesalers with the protocol "mail". */
  readonly mailbox?: string;
  /** URLs of endpoints that the books write as "sandbox:NAME", because their ports are known at run time only. */
  readonly sandbox?: Readonly<Record<string, string>>;
  /** Our name and e-mail address in what suppliers get. */
  readonly buyer?: { readonly name: string; readonly address: string };
  readonly clock?: Clock;
  readonly sleep?: Sleep;
}

const realClock: Clock = { now: () => Date.now() };
const realSleep: Sleep = async (ms, signal) => {
  await pause(ms, undefined, { signal });
};

/** The suppliers' systems, each behind its own protocol and talking to its own endpoint only. */
export function openSuppliers(options: SuppliersOptions = {}): Suppliers {
  const buyer = options.buyer ?? { name: "Countersign", address: "purchasing@countersign.example" };
  return {
    open(row) {
      const wholesaler = { ...row, endpoint: endpointOf(row.id, row.endpoint, options.sandbox) };
      switch (wholesaler.protocol) {
        case "json":
          return openJsonSupplier(wholesaler);
        case "ubl":
          return openUblSupplier(wholesaler, { buyer: buyer.name, clock: options.clock ?? realClock });
        case "mail":
          if (options.mailbox === undefined) {
            throw new AppError(
              "no-mailbox",
              `${row.id} is reached by mail, but no mailbox service is configured`,
            );
          }
          return openMailSupplier(wholesaler, {
            mailbox: options.mailbox,
            buyer: buyer.name,
            address: buyer.address,
            sleep: options.sleep ?? realSleep,
          });
      }
    },
  };
}

function endpointOf(id: string, endpoint: string, sandbox: SuppliersOptions["sandbox"]): string {
  const name = /^sandbox:([a-z0-9-]+)$/.exec(endpoint)?.[1];
  if (name === undefined) {
    return endpoint;
  }
  const url = Object.hasOwn(sandbox ?? {}, name) ? sandbox?.[name] : undefined;
  if (url === undefined) {
    throw new AppError(
      "bad-endpoint",
      `the endpoint of ${id} is "${endpoint}", but no sandbox runs a server of that name`,
    );
  }
  return url;
}
