import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite, test } from "node:test";
import { connect } from "node:tls";
import { lookUp } from "@atsign/atsdk";
import { AppError } from "../../../../src/errors.ts";
import { AtStore } from "../../../../src/sandbox/at-server/at-store.ts";
import { loadIdentity } from "../../../../src/sandbox/at-server/certificates.ts";
import { startAtSandbox } from "../../../../src/sandbox/at-server/start-at-sandbox.ts";
import { activateBoth, openClient, startSandbox, temporaryFolder } from "./with-sandbox.ts";

const hasCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;

suite("certificates", () => {
  test("are kept, and the server's is renewed when it ends or lacks a name", (t) => {
    const folder = temporaryFolder(t);
    const day = 86_400_000;
    const now = Date.now();
    const first = loadIdentity(folder, ["localhost", "127.0.0.1"], now);
    assert.deepEqual(loadIdentity(folder, ["127.0.0.1"], now), first);
    const renewed = loadIdentity(folder, ["localhost"], now + 370 * day);
    assert.equal(renewed.ca, first.ca);
    assert.notEqual(renewed.certificate, first.certificate);
    const named = loadIdentity(folder, ["localhost", "sandbox"], now + 370 * day);
    assert.notEqual(named.certificate, renewed.certificate);
    const certificate = new X509Certificate(named.certificate);
    assert.equal(certificate.subjectAltName, "DNS:localhost, DNS:sandbox");
    assert.ok(certificate.checkIssued(new X509Certificate(named.ca)));
    assert.ok(!certificate.ca);
    assert.equal(new X509Certificate(named.ca).publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
    for (const file of ["ca.key", "server.key"])
      assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600);
  });

  test("are made again when a clock that was ahead made them for later", (t) => {
    const folder = temporaryFolder(t);
    const now = Date.now();
    const ahead = loadIdentity(folder, ["localhost"], now + 30 * 86_400_000);
    const right = loadIdentity(folder, ["localhost"], now);
    assert.notEqual(right.ca, ahead.ca);
    for (const pem of [right.ca, right.certificate]) {
      assert.ok(new X509Certificate(pem).validFromDate.getTime() <= now);
    }
    assert.ok(new X509Certificate(right.certificate).checkIssued(new X509Certificate(right.ca)));
  });
});

test("the raw protocol is spoken under its ALPN name and under none; who wants HTTP is not let in", async (t) => {
  const sandbox = await startSandbox(t);
  const { host, port } = await lookUp("@alice", sandbox);
  const greeting = async (ALPNProtocols?: string[]) => {
    const socket = connect({ host, port, ca: sandbox.ca, ...(ALPNProtocols ? { ALPNProtocols } : {}) });
    t.after(() => socket.destroy());
    const [chunk] = (await once(socket, "data")) as [Buffer];
    return [socket.alpnProtocol, String(chunk)];
  };
  assert.deepEqual(await greeting(), [false, "@"]);
  assert.deepEqual(await greeting(["http/1.1", "atProtocol/1.0"]), ["atProtocol/1.0", "@"]);
  await assert.rejects(greeting(["http/1.1"]), /alert/);
});

test("the log of a version that kept no times is read on", (t) => {
  const file = join(temporaryFolder(t), "at-servers.db");
  const old = new DatabaseSync(file);
  old.exec(`create table commit_entry (at_sign text not null, key text not null, commit_id integer not null,
    operation text not null, primary key (at_sign, key)) strict;
    insert into commit_entry values ('@alice', 'a@alice', 0, '+')`);
  old.close();
  const store = new AtStore(file);
  t.after(() => store.close());
  const [entry] = store.commits.after("@alice", -1, 1);
  assert.deepEqual(entry, { commitId: 0, key: "a@alice", operation: "+", opTime: 0 });
});

suite("starting", () => {
  test("a folder in use, a damaged one, a taken port and a bad atSign are refused clearly", async (t) => {
    const dataDir = temporaryFolder(t);
    const sandbox = await startSandbox(t, { dataDir });
    const atSigns = ["@alice"];
    await assert.rejects(startAtSandbox({ dataDir, atSigns }), hasCode("data-in-use"));
    const other = temporaryFolder(t);
    const directoryPort = sandbox.directory.port;
    await assert.rejects(startAtSandbox({ dataDir: other, atSigns, directoryPort }), hasCode("port-taken"));
    await assert.rejects(startAtSandbox({ dataDir: other, atSigns: ["alice"] }), hasCode("invalid-at-sign"));
    writeFileSync(
      join(other, "at-servers.db"),
      "this is no database, and long enough to be seen as none".repeat(20),
    );
    await assert.rejects(startAtSandbox({ dataDir: other, atSigns }), hasCode("data-corrupt"));
  });

  test("another port is taken when the kept one is not free", async (t) => {
    const first = await startSandbox(t);
    const dataDir = temporaryFolder(t);
    writeFileSync(join(dataDir, "ports.json"), JSON.stringify({ directory: first.directory.port }));
    const second = await startSandbox(t, { dataDir });
    assert.notEqual(second.directory.port, first.directory.port);
    const kept = JSON.parse(readFileSync(join(dataDir, "ports.json"), "utf8")) as Record<string, number>;
    assert.equal(kept["directory"], second.directory.port);
  });
});

test("what was acknowledged survives kill -9", async (t) => {
  const dataDir = temporaryFolder(t);
  const child = fork(join(import.meta.dirname, "sandbox-process.ts"), [dataDir]);
  t.after(() => child.kill("SIGKILL"));
  const [first] = (await once(child, "message")) as [Parameters<typeof activateBoth>[0]];
  await activateBoth(first);
  const alice = await openClient(t, first, "@alice");
  const acknowledged: string[] = [];
  const sending = (async () => {
    for (let i = 0; ; i++) {
      const id = `n${i}`;
      await alice.notify({ to: "@bob", name: id, namespace: "app", value: id, ttlMs: 60_000, id });
      acknowledged.push(id);
      if (i === 50) child.kill("SIGKILL");
    }
  })();
  await once(child, "exit");
  await alice.close();
  await assert.rejects(sending);
  const sandbox = await startSandbox(t, { dataDir });
  const bob = await openClient(t, sandbox, "@bob");
  const seen = new Set<string>();
  for await (const { id } of bob.notifications({ since: 0, regex: "\\.app@" })) {
    seen.add(id);
    if (acknowledged.every((sent) => seen.has(sent))) break;
  }
  assert.ok(acknowledged.length >= 50);
});
