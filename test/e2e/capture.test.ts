import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFileSync, cpSync, existsSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, suite, test } from "node:test";
import { gzipSync } from "node:zlib";
import { AtClient, readAtKeysFile } from "@atsign/atsdk";
import type { Redis } from "ioredis";
import { askBothWays, hasRedis, nameCustomer, queueOf, watchQueue } from "./canary-company.ts";
import { Capture, tappedHost } from "./capture.ts";
import { type Ready, TestSystem } from "./system.ts";
import { keysAndValues } from "./redis-values.ts";
import { files, Traces } from "./traces.ts";

/**
 * Judged from outside: one request with words that occur nowhere else, through approval to its end. Every byte between the
 * processes and the atServers is recorded; every file and the queue are searched. Each place is shown to be searched in
 * earnest: a control word, put there in clear, is found.
 */

const control = "Zwischenspiel Harlequinade";
const canTap = process.platform === "linux";
const clearPlaces = ["books", "sandbox/world", "cache"]; // the company's own data, the outside world, our own code

suite(
  "a packet capture and a dump of all storage hold no word of a request",
  { skip: canTap ? false : "needs more than one loopback address", timeout: 300_000 },
  () => {
    const system = new TestSystem();
    const controls = new Traces([control]);
    const said: Buffer[] = [];
    let traces = new Traces([]);
    let capture: Capture | undefined;
    let ready: Ready;
    let monitor: Redis | undefined;

    before(async () => {
      await system.start();
      await nameCustomer(system);
      await system.stop();
      capture = await Capture.open(system.data);
      ready = await system.start([], { COUNTERSIGN_SANDBOX_NAME: tappedHost });
      monitor = hasRedis ? await watchQueue(system, said) : undefined;
      traces = await askBothWays(system);
      monitor?.disconnect();
    });
    after(async () => {
      monitor?.disconnect();
      await system.remove();
      await capture?.close();
    });

    test("the search finds a word in every form", () => {
      const text = Buffer.from(`x ${control} y`);
      const utf16 = Buffer.from(text.toString(), "utf16le");
      const forms = [text, utf16, Buffer.from(utf16).swap16()].flatMap((each) =>
        [0, 1, 2].flatMap((offset) => {
          const moved = Buffer.concat([Buffer.alloc(offset), each]);
          return [moved, gzipSync(moved), Buffer.from(moved.toString("base64"))];
        }),
      );
      const compressed = Buffer.concat([
        Buffer.from("head"),
        gzipSync(Buffer.from(text.toString("base64url"))),
      ]);
      for (const bytes of [
        ...forms,
        compressed,
        Buffer.from(text.toString("hex")),
        Buffer.from(encodeURIComponent(text.toString())),
        Buffer.from(new URLSearchParams({ q: text.toString() }).toString()),
      ])
        assert.notDeepEqual(controls.in(bytes, ""), [], bytes.toString("latin1").slice(0, 40));
      assert.deepEqual(controls.in(Buffer.from("Zwischenspiel harlequinad"), ""), []);
    });

    test("not in anything that passed between the processes and the atServers", async () => {
      const streams = capture?.streams ?? [];
      const servers = new Set(streams.map(({ server }) => server));
      assert.ok(
        servers.size > 12,
        `the atDirectory and the atServers of all agents: ${[...servers].join(" ")}`,
      );
      const size = streams.reduce((sum, { bytes }) => sum + bytes.length, 0);
      assert.ok(size > 300_000, `${size} bytes passed`);
      for (const { server, bytes } of streams) {
        assert.equal(bytes[0], 0x16, `${server}: each side begins with a TLS handshake`);
        assert.deepEqual(traces.in(bytes, server), []);
      }
      // A client that would talk in clear would be seen.
      const port = Number(ready.atDirectory.slice(ready.atDirectory.lastIndexOf(":") + 1));
      const careless = connect({ host: tappedHost, port });
      careless.on("error", () => {}); // the server hangs up
      careless.write(`${control}\n`);
      await once(careless.resume(), "close");
      assert.deepEqual(
        (capture?.streams ?? []).flatMap(({ server, bytes }) => controls.in(bytes, server)),
        [`directory: "${control}" as text`],
      );
    });

    test("not in the atServers' storage, where a value written in clear is found at once", async () => {
      const place = path.join(system.data, "sandbox", "at");
      assert.deepEqual(traces.inFiles(files(place)), []);
      const folder = path.join(system.data, "keys", "company");
      const file = files(folder).find((name) => name.endsWith(".atKeys")) ?? assert.fail();
      const [, atSign = ""] = /(@[^/]+)_key\.atKeys$/.exec(file) ?? [];
      const client = await AtClient.open({
        atSign,
        keys: await readAtKeysFile(file),
        directory: { host: tappedHost, port: Number(ready.atDirectory.split(":").at(-1)) },
        ca: readFileSync(ready.ca, "utf8"),
      });
      await client.put({ kind: "public", name: "control", namespace: "capture" }, control);
      await client.close();
      assert.ok(controls.inFiles(files(place)).some((line) => /\.db(?:-wal)?: .* as text$/.test(line)));
      const passed = (capture?.streams ?? []).flatMap(({ server, bytes }) => controls.in(bytes, server));
      assert.equal(passed.length, 1, "on its way it was inside TLS: only the careless client's is seen");
    });

    test(
      "not in anything said to the queue, nor in its dump",
      { skip: hasRedis ? false : "no Redis server is installed" },
      async () => {
        const commands = Buffer.concat(said);
        assert.ok(commands.length > 10_000, "jobs were seen");
        assert.deepEqual(traces.in(commands, "commands"), []);
        const client = queueOf(system);
        try {
          assert.deepEqual(traces.in(await keysAndValues(client), "dump"), []);
          await client.set("control", control);
          assert.notDeepEqual(controls.in(await keysAndValues(client), "dump"), []);
          await client.del("control");
        } finally {
          client.disconnect();
        }
      },
    );

    test("not in any file while it runs, nor when all has stopped; in each file it would be found", async () => {
      const check = () => {
        const left = searched();
        assert.ok(left.length > 80);
        assert.deepEqual(traces.inFiles(left), []);
      };
      check();
      await system.stop();
      check();
      const places = new Set(searched().map((file) => path.relative(system.data, file).split(path.sep)[0]));
      for (const place of ["bot", "gateway", "log", "sandbox", "trust"])
        assert.ok(places.has(place), `${place} was searched`);
      // The books may, and do, hold them.
      const books = files(path.join(system.data, "books"));
      assert.notDeepEqual(traces.inFiles(books), []);
      const copy = path.join(system.folder, "copy");
      cpSync(system.data, copy, {
        recursive: true,
        filter: (file) => statSync(file).isFile() || isFolder(file),
      });
      const marked = searched(copy).filter((file) => !/-(?:wal|shm)$/.test(file));
      for (const file of marked) mark(file);
      for (const file of marked)
        assert.notDeepEqual(
          controls.inFiles([file, `${file}-wal`].filter((name) => existsSync(name))),
          [],
          path.relative(copy, file),
        );
    });

    /** Files of the system but for those that may hold it. */
    function searched(data = system.data): readonly string[] {
      const clear = clearPlaces.map((name) => path.join(data, name) + path.sep);
      return files(data).filter((file) => !clear.some((place) => file.startsWith(place)));
    }
  },
);

function isFolder(file: string): boolean {
  return statSync(file).isDirectory();
}

/** Puts the control word into a file as a program would: a row in a database, a line anywhere else. */
function mark(file: string): void {
  const isDatabase = readFileSync(file).subarray(0, 15).toString() === "SQLite format 3";
  if (!isDatabase) {
    appendFileSync(file, `${control}\n`);
    return;
  }
  const database = new DatabaseSync(file);
  database.exec("create table control_word (word text)");
  database.prepare("insert into control_word values (?)").run(control);
  database.close();
}
