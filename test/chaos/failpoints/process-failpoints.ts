import path from "node:path";
import type { openMemoryQueue, openRedisQueue } from "../../../adapters/bullmq/step-queue.ts";
import type { createConsole } from "../../../adapters/console/console-adapter.ts";
import type { loadRulesModel } from "../../../adapters/rules-model/rules-model.ts";
import type { openAgentStore } from "../../../adapters/store/agent-store.ts";
import type { openRecordStore } from "../../../adapters/store/record-store.ts";
import type { openSuppliers } from "../../../adapters/suppliers/suppliers.ts";
import type { createTerminalAdapter } from "../../../adapters/terminal/terminal-adapter.ts";
import type { createAtLink } from "../../../src/link/at-link.ts";
import type { startChild } from "../../../src/processes/child.ts";
import type { StepQueue } from "../../../src/ports.ts";
import { Failpoints, withFailpoints } from "./failpoints.ts";
import { type Order, readOrder, writeHit, writePassed } from "./order-file.ts";
import { type OperationKind, portOperations } from "./port-operations.ts";

/** Failpoints around the ports of a real process, which dies of SIGKILL by its own hand at the one it is told. */

const folder = path.dirname(process.env["COUNTERSIGN_DATA"] ?? "");

/** Looks at the order before each operation. */
class OrderedFailpoints extends Failpoints {
  #text: string | undefined;

  constructor() {
    let isRecording = false;
    super({
      onPassed: (names) => {
        if (isRecording) {
          writePassed(folder, names);
        }
      },
      onHit: () => {
        writeHit(folder, { pid: process.pid, kind: process.argv[2] ?? "" });
        process.kill(process.pid, "SIGKILL");
      },
    });
    this.record = (on) => {
      isRecording = on;
    };
  }
  private readonly record: (on: boolean) => void;

  override around<T>(operation: string, kind: OperationKind, call: () => Promise<T>): Promise<T> {
    const text = readOrder(folder);
    if (text !== this.#text) {
      this.#text = text;
      const order = text === undefined ? undefined : (JSON.parse(text) as Order);
      this.record(order?.armed === null);
      this.arm(order?.armed ?? undefined);
    }
    return super.around(operation, kind, call);
  }
}
const points = new OrderedFailpoints();

const queue = (opened: StepQueue): StepQueue =>
  withFailpoints(opened, "bot.queue", portOperations.queue, points);

/** Whoever is killed again and again, in run after run, is started again without delay. */
const killedOften = { longestBackOffMs: 200 };

/** What stands in for each function of the product that makes a port; see `preload.ts`. */
export const standIns = {
  openRecordStore:
    (original: typeof openRecordStore): typeof openRecordStore =>
    async (options) =>
      withFailpoints(
        await points.around("bot.store.open", "commit", () => original(options)),
        "bot.store",
        portOperations.store,
        points,
      ),
  openAgentStore:
    (original: typeof openAgentStore): typeof openAgentStore =>
    (options) =>
      withFailpoints(original(options), `${options.agent}.store`, portOperations.agentStore, points),
  createAtLink:
    (original: typeof createAtLink): typeof createAtLink =>
    (options) => {
      const name = `${options.keys.atSign.replace("@cs-", "")}.transport`;
      const transport = withFailpoints(options.transport, name, portOperations.transport, points);
      return original({ ...options, transport });
    },
  openSuppliers:
    (original: typeof openSuppliers): typeof openSuppliers =>
    (options) => {
      const suppliers = original(options);
      return {
        open: (wholesaler) =>
          withFailpoints(suppliers.open(wholesaler), "supply.supplier", portOperations.supplier, points),
      };
    },
  openRedisQueue:
    (original: typeof openRedisQueue): typeof openRedisQueue =>
    async (...args) =>
      queue(await original(...args)),
  openMemoryQueue:
    (original: typeof openMemoryQueue): typeof openMemoryQueue =>
    async (...args) =>
      queue(await original(...args)),
  loadRulesModel: (original: typeof loadRulesModel) => async () =>
    withFailpoints(await original(), "gateway.model", portOperations.model, points),
  createConsole:
    (original: typeof createConsole): typeof createConsole =>
    (options) =>
      withFailpoints(original(options), "bot.console", portOperations.chat, points),
  createTerminalAdapter:
    (original: typeof createTerminalAdapter): typeof createTerminalAdapter =>
    () =>
      withFailpoints(original(), "bot.terminal", portOperations.chat, points),
  startChild:
    (original: typeof startChild): typeof startChild =>
    (o) =>
      original({ ...o, ...killedOften }),
};
