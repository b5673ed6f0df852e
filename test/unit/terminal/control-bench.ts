import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Hono } from "hono";
import { type ControlServices, startControlServer } from "../../../adapters/terminal/control-server.ts";
import { createTerminalAdapter, type TerminalAdapter } from "../../../adapters/terminal/terminal-adapter.ts";
import { controlClient, type ControlClient } from "../../../src/commands/control-client.ts";
import type { PersonId } from "../../../src/domain.ts";
import { ChatOffice } from "../../fakes/chat-office.ts";

export const uuid = (last: number) => `00000000-0000-4000-8000-00000000000${last}`;
export const text = "Order the parts needed for 5 widgets for Customer XYZ";

/** A control server on a socket of its own, before a company without engine or record. */
export class ControlBench {
  readonly folder = mkdtempSync(path.join(tmpdir(), "cs-ctl-"));
  readonly socket = path.join(this.folder, "bot.sock");
  readonly office = new ChatOffice({ now: () => 0 });
  readonly client: ControlClient = controlClient(this.folder, "bot");
  readonly logged: object[] = [];
  readonly links: { person: PersonId; by: PersonId }[] = [];
  /** What is to be called when the time has come to look again. */
  readonly looksAgain = new Set<() => void>();
  adapter: TerminalAdapter = createTerminalAdapter();
  osPerson: PersonId | undefined;
  server: { close(): Promise<void> } | undefined;

  static async open(): Promise<ControlBench> {
    const bench = new ControlBench();
    await bench.start();
    return bench;
  }
  async start(): Promise<void> {
    this.server = await startControlServer(this.socket, this.services());
  }
  async close(): Promise<void> {
    await this.server?.close();
    rmSync(this.folder, { recursive: true });
  }
  ask(last: number, more: object = {}): Promise<{ run: string }> {
    const body = { key: uuid(last), text, as: "employee", ...more };
    return this.client.post("/requests", body) as Promise<{ run: string }>;
  }
  services(): ControlServices {
    const { office, looksAgain, links } = this;
    this.adapter = createTerminalAdapter();
    office.adapter = this.adapter;
    const note = (facts: object) => void this.logged.push(facts);
    return {
      desk: office.desk,
      inbox: office.inbox,
      adapter: this.adapter,
      log: { info() {}, warn: note, error: note },
      osPerson: () => this.osPerson,
      others: () => false,
      after(_ms: number, call: () => void) {
        looksAgain.add(call);
        return () => looksAgain.delete(call);
      },
      result: () => Promise.reject(new Error(text)),
      refusal: () => null,
      status: () => Promise.resolve({}),
      signInLink(person: PersonId, by: PersonId) {
        links.push({ person, by });
        return Promise.resolve(`http://127.0.0.1/sign-in?token=${person}`);
      },
      journal: new Hono(),
      undo: {
        undo: (run: string, person: PersonId) => Promise.resolve({ outcome: "accepted", run, person }),
      },
      erase: () => Promise.resolve({}),
      textsExported: () => Promise.resolve(),
    };
  }
}
