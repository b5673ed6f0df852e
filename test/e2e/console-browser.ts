import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
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

export type Theme = "light" | "dark";
export interface Scene {
  readonly office: ChatOffice;
  readonly console: ConsoleAdapter;
  readonly time: ManualTime;
  readonly context: BrowserContext;
  /** Addresses of requests to anywhere but the console. */
  readonly strangers: readonly string[];
  /** What pages complained about: uncaught errors, refused content. */
  readonly complaints: readonly string[];
  /** A signed-in page of this person, in the one browser of this scene. */
  signIn(person: PersonId, place?: string): Promise<Page>;
  close(): Promise<void>;
}

/** A console over a scripted office, and one browser profile that looks at it. */
export async function openScene(
  browser: Browser,
  o: { readonly theme?: Theme; readonly width?: number; readonly height?: number } = {},
): Promise<Scene> {
  const time = new ManualTime();
  const office = new ChatOffice(time);
  let ids = 0;
  const adapter = createConsole({
    desk: office.desk,
    clock: time,
    ids: { next: (prefix) => `${prefix}${(ids += 1)}` },
    log: silentLogger,
    host: "127.0.0.1",
    port: 0,
  });
  office.adapter = adapter;
  await adapter.start(office.inbox);
  const context = await browser.newContext({
    viewport: { width: o.width ?? 1280, height: o.height ?? 900 },
    colorScheme: o.theme ?? "light",
    reducedMotion: "reduce",
    locale: "en",
    timezoneId: "UTC",
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
    console: adapter,
    time,
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
    async close() {
      await context.close();
      await adapter.stop();
    },
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
