import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, type TestContext } from "node:test";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { type ConsoleAdapter, createConsole } from "../../adapters/console/console-adapter.ts";
import type { PersonId } from "../../src/domain.ts";
import { ChatOffice } from "../fakes/chat-office.ts";
import { ManualTime } from "../fakes/manual-time.ts";
import { silentLogger } from "../fakes/silent-logger.ts";

const executable = process.env.CHROMIUM ?? "/usr/bin/chromium";
const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** Why the console cannot be looked at here, or false; with REQUIRE_SERVERS=1 its absence fails the tests instead. */
export const noChromium =
  existsSync(executable) || process.env.REQUIRE_SERVERS === "1"
    ? false
    : `no Chromium at ${executable}: set CHROMIUM`;

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: executable,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

type Theme = "light" | "dark";
export interface Scene {
  readonly office: ChatOffice;
  readonly console: ConsoleAdapter;
  readonly context: BrowserContext;
  /** Addresses of requests to anywhere but the console. */
  readonly strangers: readonly string[];
  /** What pages complained about: uncaught errors, refused content. */
  readonly complaints: readonly string[];
  /** A signed-in page of this person, in the one browser of this scene. */
  readonly signIn: (person: PersonId, place?: string) => Promise<Page>;
  readonly stopConsole: () => Promise<void>;
  /** As after a crash: another console, same port, same record. */
  readonly startAgain: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A console over a scripted office, and one browser profile that looks at it. */
async function openScene(
  browser: Browser,
  o: { readonly theme?: Theme; readonly width?: number; readonly height?: number } = {},
): Promise<Scene> {
  const time = new ManualTime();
  const office = new ChatOffice(time);
  const values = new Map<string, string>();
  const memory = {
    getValue: (key: string) => Promise.resolve(values.get(key)),
    setValue: (key: string, value: string) => Promise.resolve(void values.set(key, value)),
  };
  let ids = 0;
  async function startConsole(port: number): Promise<ConsoleAdapter> {
    const started = createConsole({
      desk: office.desk,
      clock: time,
      ids: { next: (prefix) => `${prefix}${(ids += 1)}` },
      log: silentLogger,
      host: "127.0.0.1",
      port,
      memory,
    });
    await started.start(office.inbox);
    office.adapter = started;
    return started;
  }
  let adapter = await startConsole(0);
  const context = await browser.newContext({
    viewport: { width: o.width ?? 1280, height: o.height ?? 900 },
    colorScheme: o.theme ?? "light",
    reducedMotion: "reduce",
    locale: "en",
    // Times are said in UTC wherever the browser is.
    timezoneId: "Asia/Kolkata",
  });
  context.setDefaultTimeout(10_000);
  const strangers: string[] = [];
  const complaints: string[] = [];
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== adapter.url) {
      strangers.push(request.url());
    }
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  context.on("console", (message) => {
    if (message.type() === "error") {
      complaints.push(message.text());
    }
  });
  return {
    office,
    get console() {
      return adapter;
    },
    context,
    strangers,
    complaints,
    async signIn(person, place = "") {
      const page = await context.newPage();
      await page.goto(adapter.signInLink(person));
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.waitForURL(`**/p/${person}/`);
      await page.getByRole("navigation").waitFor();
      if (place !== "") {
        await page.getByRole("navigation").getByRole("link", { name: place }).click();
      }
      return page;
    },
    stopConsole: () => adapter.stop(),
    async startAgain() {
      adapter = await startConsole(Number(new URL(adapter.url).port));
    },
    async close() {
      await context.close();
      await adapter.stop();
    },
  };
}

/** One Chromium for a test file; each scene is closed with its test. */
export function scenes(): (context: TestContext, o?: Parameters<typeof openScene>[1]) => Promise<Scene> {
  let browser: Browser | undefined;
  before(async () => {
    browser = noChromium === false ? await launch() : undefined;
  });
  after(() => browser?.close());
  return async (context, o) => {
    if (browser === undefined) {
      throw new Error("no browser was started");
    }
    const scene = await openScene(browser, o);
    context.after(() => scene.close());
    return scene;
  };
}

/** Writes what the whole page looks like to out/screenshots; what sticks to an edge stays at the edge. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = path.join(root, "out", "screenshots");
  await mkdir(folder, { recursive: true });
  const size = page.viewportSize() ?? { width: 1280, height: 900 };
  const height = await page.evaluate<number>("document.documentElement.scrollHeight");
  await page.setViewportSize({ width: size.width, height: Math.max(size.height, height) });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
  await page.setViewportSize(size);
}
