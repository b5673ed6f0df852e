import { readdir, readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";
import { z } from "zod";
import type { StaticFile } from "../../../adapters/console/static-files.ts";
import { loadStaticFiles } from "../../../adapters/console/static-files.ts";
import type { PersonDesk } from "./acts.ts";
import { pageState } from "./page-state.ts";
import { Person } from "./person.ts";

const folder = path.join(import.meta.dirname, "public");
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};
/** A page asks again this long after a change, so that a burst is one look. */
const gatherMs = 40;

const place = z.object({ channel: z.string(), ts: z.string() });
const inputs = z.record(z.string(), z.union([z.string(), z.array(z.string())]));
/** What the page may do for the user it shows. */
const actSchema = z.discriminatedUnion("act", [
  z.object({
    act: z.literal("say"),
    channel: z.string(),
    text: z.string(),
    files: z.array(z.object({ name: z.string().min(1).max(255), content: z.string().max(100_000) })).max(10),
    thread: z.string().optional(),
  }),
  z.object({ act: z.literal("edit"), place, text: z.string().min(1) }),
  z.object({ act: z.literal("delete"), place }),
  z.object({
    act: z.literal("click"),
    where: z.union([place, z.enum(["modal", "home"])]),
    name: z.string(),
    input: z.string().optional(),
  }),
  z.object({ act: z.literal("fill"), inputs }),
  z.object({ act: z.literal("submit"), inputs }),
  z.object({ act: z.literal("close") }),
  z.object({ act: z.literal("command"), line: z.string(), channel: z.string() }),
  z.object({ act: z.literal("shortcut"), name: z.string(), place }),
  z.object({ act: z.literal("home") }),
  z.object({ act: z.literal("assistant") }),
]);

/** The page on which a person sees the workspace as a user and works in it. On loopback, for tests and demonstrations. */
export class Page {
  readonly #desk: PersonDesk;
  readonly #files: ReadonlyMap<string, StaticFile>;

  private constructor(desk: PersonDesk, files: ReadonlyMap<string, StaticFile>) {
    this.#desk = desk;
    this.#files = files;
  }

  static async load(desk: PersonDesk): Promise<Page> {
    const console = await loadStaticFiles();
    const files = new Map(
      [...console].filter(([at]) => at.startsWith("/vendor/") || at === "/assets/html.js"),
    );
    for (const name of await readdir(folder)) {
      const address = name === "index.html" ? "/" : `/assets/${name}`;
      files.set(address, {
        type: types[path.extname(name)] ?? "text/plain",
        text: await readFile(path.join(folder, name), "utf8"),
      });
    }
    return new Page(desk, files);
  }

  /** Answers the page's addresses; returns whether this was one. A name that is not loopback's is none (rebinding). */
  handle(request: IncomingMessage, body: Buffer, response: ServerResponse): boolean {
    const address = new URL(request.url ?? "/", "http://127.0.0.1");
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? "")) {
      return false;
    }
    const file = this.#files.get(address.pathname);
    if (request.method === "GET" && file !== undefined) {
      response
        .writeHead(200, {
          "content-type": file.type,
          "content-security-policy":
            "default-src 'self'; img-src 'self' https: data:; frame-ancestors 'none'",
        })
        .end(file.text);
      return true;
    }
    const user = this.#desk.workspace.userBy(address.searchParams.get("as") ?? "");
    if (address.pathname === "/sandbox/state" && user !== undefined) {
      json(response, 200, pageState(this.#desk, user));
    } else if (address.pathname === "/sandbox/changes") {
      this.#changes(response);
    } else if (address.pathname === "/sandbox/act" && request.method === "POST" && user !== undefined) {
      /** Another site can send a form, but not this type. */
      const own = request.headers["content-type"] === "application/json";
      void this.#act(new Person(this.#desk, user), own ? body : Buffer.alloc(0), response);
    } else {
      return false;
    }
    return true;
  }

  #changes(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    let waiting: NodeJS.Timeout | undefined;
    const tell = () => {
      waiting ??= setTimeout(() => {
        waiting = undefined;
        response.write(`data: ${this.#desk.workspace.version}\n\n`);
      }, gatherMs);
    };
    const stop = this.#desk.workspace.watch(tell);
    tell();
    response.on("close", () => {
      stop();
      clearTimeout(waiting);
    });
  }

  async #act(person: Person, body: Buffer, response: ServerResponse): Promise<void> {
    try {
      const seen = await perform(person, actSchema.parse(JSON.parse(body.toString("utf8"))));
      json(response, 200, seen);
    } catch (error) {
      json(response, 400, {
        ok: false,
        error: "refused",
        text: error instanceof Error ? error.message : "refused",
      });
    }
  }
}

async function perform(person: Person, act: z.output<typeof actSchema>): Promise<unknown> {
  switch (act.act) {
    case "say":
      return person.says(act.channel, act.text, {
        files: act.files,
        ...(act.thread === undefined ? {} : { thread: act.thread }),
      });
    case "edit":
      return person.edits(act.place, act.text) ?? {};
    case "delete":
      return person.deletes(act.place) ?? {};
    case "click":
      return await person.clicks(act.where, act.name, act.input);
    case "fill":
      return person.fills(act.inputs) ?? {};
    case "submit":
      return await person.submits(act.inputs);
    case "close":
      return (await person.closes()) ?? {};
    case "command":
      return await person.runs(act.line, act.channel);
    case "shortcut":
      return await person.usesShortcut(act.name, act.place);
    case "home":
      return person.opensHome() ?? {};
    case "assistant":
      return person.opensAssistant();
  }
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response
    .writeHead(status, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" })
    .end(JSON.stringify(value));
}
