import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import companyConfig from "../../countersign.config.ts";
import { readSettings } from "../../src/config.ts";
import { open, seal } from "../../src/link/envelope.ts";
import type { ReceivedEnvelope } from "../../src/link-types.ts";
import { setUpCompany } from "../../src/processes/setup.ts";
import type { SandboxInfo } from "../../src/processes/sandbox.ts";
import { echoAgent, openParticipant } from "./call-agent.ts";
import { Children } from "./child.ts";
import { type Figure, figure, median, percentile, times } from "./figure.ts";
import { commitTimes, tlsTimes } from "./limits.ts";

/** The usual size of a step's input and output. */
const bodyBytes = 1_500;
/** Between request and result: its journal here, the effect with the reply and its journal there. */
const commitsPerCall = 2;

/** An agent call over atProtocol between two processes (three with the atServers'), beside bare TLS of the same sizes. */
export async function agentCall(n: number): Promise<readonly Figure[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-bench-"));
  const children = new Children();
  const environment = {
    COUNTERSIGN_DATA: path.join(folder, "data"),
    COUNTERSIGN_RUNTIME: path.join(folder, "run"),
  };
  Object.assign(process.env, environment);
  try {
    const started = (await children.start("../../src/main.ts", ["sandbox"], environment)) as {
      info: SandboxInfo;
    };
    const { directory, caFile } = started.info;
    Object.assign(process.env, {
      COUNTERSIGN_AT_DIRECTORY: `${directory.host}:${directory.port}`,
      COUNTERSIGN_AT_CA_FILE: caFile,
    });
    await setUpCompany({
      settings: readSettings(process.env),
      config: companyConfig,
      agents: [echoAgent],
      people: [],
      place: { directory, caFile },
      demo: true,
    });
    await children.start("./call-agent.ts", []);
    return await measure(n);
  } finally {
    await children.stop();
    rmSync(folder, { recursive: true });
  }
}

async function measure(n: number): Promise<readonly Figure[]> {
  const bot = await openParticipant("bot");
  const { link, trust, keys } = bot.identity;
  const text = "x".repeat(bodyBytes);
  const waiting = new Map<number, () => void>();
  try {
    await link.start(async (message: ReceivedEnvelope) => {
      waiting.get(message.subject.attempt)?.();
      const { subject, from } = message;
      await link.send({ to: from, kind: "ack", subject, body: null, expiresAt: Date.now() + 60_000 });
    });
    const call = async (index: number): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(index, resolve);
      await link.send({
        to: trust.agent(echoAgent.id),
        kind: "request",
        subject: { run: "bench", revision: 1, step: "echo", attempt: index },
        body: { skill: "echo", input: { text } },
        expiresAt: Date.now() + 60_000,
      });
      await promise;
      waiting.delete(index);
    };
    await times(Math.max(10, n / 5), (index) => call(1_000_000 + index));
    const calls = await times(n, (index) => call(index + 1));

    const sealOnce = () =>
      seal({
        from: { ...keys, serials: trust.instanceKeys(keys.atSign, keys.instance).serials },
        to: trust.instanceKeys(keys.atSign, keys.instance),
        kind: "request",
        subject: { run: "bench", revision: 1, step: "echo", attempt: 1 },
        sequence: null,
        fencing: 1,
        trace: null,
        issuedAt: Date.now(),
        expiresAt: Date.now() + 60_000,
        body: { skill: "echo", input: { text } },
        random: randomBytes,
      });
    const crypto = await times(n, async () => {
      const { bytes } = sealOnce();
      open({
        bytes,
        from: keys.atSign,
        me: keys,
        peer: (atSign, instance) => trust.instanceKeys(atSign, instance),
        now: Date.now(),
      });
    });
    const entry = { kind: "bench", run: null, facts: {} };
    const units = await times(n, () => bot.store.appendJournal([entry]));
    // The container in base64, encrypted for the pair of atSigns and in base64 again; names and metadata are not counted.
    const bytes = Math.ceil(((Math.ceil(sealOnce().bytes.length / 3) * 4 + 16) / 3) * 4);
    const { direct, relayed } = await tlsTimes(n, { requestBytes: bytes, replyBytes: bytes });
    const commit = await commitTimes(n);
    const p50 = median(calls);
    const bare = { relayed: median(relayed), direct: median(direct) };
    const parts = {
      crypto: 2 * median(crypto),
      commits: commitsPerCall * median(units),
      hops: bare.relayed,
    };
    const rest = p50 - parts.crypto - parts.commits - parts.hops;
    const ms = (value: number): string => value.toFixed(2);
    const least = median(relayed) + commitsPerCall * median(commit);
    return [
      figure("agent call, p50", "ms", calls, {
        limit: { value: least, of: `one relayed TLS round trip + ${commitsPerCall} bare commits` },
        note:
          `crypto ${ms(parts.crypto)} (2 × seal and open), commits ${ms(parts.commits)} (${commitsPerCall} × ${ms(median(units))}), ` +
          `hops ${ms(parts.hops)} (client → atServer → client, twice), rest ${ms(rest)} (atProtocol's own encryption, atServer, host)`,
      }),
      { id: "agent call, p99", unit: "ms", value: percentile(calls, 0.99), n },
      figure(`bare TLS round trip of ${bytes} B, direct`, "ms", direct),
      figure(`bare TLS round trip of ${bytes} B, one relay`, "ms", relayed),
      { id: "agent call / bare TLS through one relay", unit: "×", value: p50 / bare.relayed, n },
      { id: "agent call / bare TLS direct", unit: "×", value: p50 / bare.direct, n },
      figure("seal + open of one message", "ms", crypto),
    ];
  } finally {
    await link.stop();
    await bot.close();
  }
}
