import path from "node:path";
import { makeFolder } from "../../../adapters/store/make-folder.ts";
import { AppError } from "../../errors.ts";
import type { Clock, Logger } from "../../ports.ts";
import type { Catalogue, WholesalerId } from "../company/catalogues.ts";
import { answerMailRequest } from "../mail/mailbox-answers.ts";
import { Mailbox } from "../mail/mailbox.ts";
import { answerControlRequest, type WholesalersControl } from "./control-answers.ts";
import { readKeptPorts, writeKeptPorts } from "../kept-ports.ts";
import {
  startLoopbackServer,
  type LoopbackServer,
  type ServerAnswer,
  type ServerRequest,
} from "./loopback-server.ts";
import { openWholesalerDesk, type WholesalerDesk } from "./wholesaler-desk.ts";

export interface WholesalersOptions {
  /** The folder of these servers' databases (`sandbox/world` under the data folder); made if missing. */
  readonly dataDir: string;
  readonly catalogues: Readonly<Partial<Record<WholesalerId, Catalogue>>>;
  /** Where wholesalers and mailbox service listen; the control endpoint is on loopback always. */
  readonly host?: string;
  /** The host name in the URLs given out, where others reach the servers by another name than `host`. */
  readonly publicHost?: string;
  readonly clock?: Clock;
  /** Fixed ports by wholesaler id, "mailbox" or "control"; others are the ones used last time, if free. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly log?: Logger;
}
export interface RunningWholesalers {
  /** By wholesaler id: a URL, or the e-mail address of the one that works by mail. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Every wholesaler's own HTTP server, the mail one's too: it shows its orders at /orders. */
  readonly servers: Readonly<Record<string, string>>;
  /** Base URL of the mailbox service. */
  readonly mailbox: string;
  /** Base URL of the control endpoint. */
  readonly controlUrl: string;
  readonly control: WholesalersControl;
  close(): Promise<void>;
}

const quiet: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const loopback = "127.0.0.1";

/** Starts the wholesalers of the sandbox, one server each, the mailbox service and the control endpoint. */
export async function startWholesalers(o: WholesalersOptions): Promise<RunningWholesalers> {
  makeFolder(o.dataDir);
  const host = o.host ?? loopback;
  const clock = o.clock ?? { now: () => Date.now() };
  const portsFile = path.join(o.dataDir, "ports.json");
  const kept: Record<string, number> = { ...readKeptPorts(portsFile) };
  const listen = async (
    name: string,
    on: string,
    answer: (request: ServerRequest) => ServerAnswer | Promise<ServerAnswer>,
  ) => {
    const server = await listenAsBefore({
      host: on,
      publicHost: on === host ? o.publicHost : undefined,
      fixed: o.ports?.[name],
      kept: kept[name] ?? 0,
      answer,
    });
    kept[name] = server.port;
    return server;
  };

  const mailbox = new Mailbox({ file: path.join(o.dataDir, "mail.sqlite"), clock });
  const desks = new Map<string, WholesalerDesk>();
  const servers: LoopbackServer[] = [];
  const close = async (): Promise<void> => {
    await Promise.all([...desks.values()].map((desk) => desk.close()));
    await Promise.all(servers.map((server) => server.close()));
    mailbox.close();
  };
  const deskOf = (id: string): WholesalerDesk => {
    const desk = desks.get(id);
    if (desk === undefined) {
      throw new AppError("unknown-wholesaler", `there is no wholesaler "${id.slice(0, 40)}" in the sandbox`);
    }
    return desk;
  };
  const control: WholesalersControl = {
    orders: (id) => deskOf(id).wholesaler.store.orders(),
    setFaults: (id, faults) => deskOf(id).setFaults(faults),
    restock: (id) => deskOf(id).wholesaler.restock(),
  };

  try {
    const mail = await listen("mailbox", host, (request) => answerMailRequest(mailbox, request));
    servers.push(mail);
    const controlServer = await listen("control", loopback, (request) =>
      answerControlRequest(control, request),
    );
    servers.push(controlServer);
    for (const [id, catalogue] of Object.entries(o.catalogues)) {
      const desk = await openWholesalerDesk({
        id,
        catalogue,
        file: path.join(o.dataDir, `${id}.sqlite`),
        clock,
        mailbox,
        log: o.log ?? quiet,
        listen: (answer) => listen(id, host, answer),
      });
      desks.set(id, desk);
    }
    writeKeptPorts(portsFile, kept);
    const each = <T>(value: (desk: WholesalerDesk) => T) =>
      Object.fromEntries([...desks].map(([id, desk]) => [id, value(desk)]));
    return {
      endpoints: each((desk) => desk.endpoint),
      servers: each((desk) => desk.url),
      mailbox: mail.url,
      controlUrl: controlServer.url,
      control,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Listens on the fixed port or fails; otherwise on the port of last time if it is free, else on any. */
async function listenAsBefore(
  o: Omit<Parameters<typeof startLoopbackServer>[0], "port"> & {
    readonly fixed: number | undefined;
    readonly kept: number;
  },
): Promise<LoopbackServer> {
  try {
    return await startLoopbackServer({ ...o, port: o.fixed ?? o.kept });
  } catch (error) {
    if (o.fixed === undefined && error instanceof AppError && error.code === "port-taken") {
      return startLoopbackServer({ ...o, port: 0 });
    }
    throw error;
  }
}
