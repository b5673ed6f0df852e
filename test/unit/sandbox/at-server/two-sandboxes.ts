import type { TestContext } from "node:test";
import type { AtSandbox, AtSandboxOptions } from "../../../../src/sandbox/at-server/start-at-sandbox.ts";
import { activateBoth, type RawConnection, startSandbox, temporaryFolder } from "./with-sandbox.ts";

/** A sandbox with @alice and another one with @bob that joined it: all between them goes over TLS and `pol`. */
export async function startTwo(
  t: TestContext,
  options: Partial<AtSandboxOptions> = {},
): Promise<{ home: AtSandbox; away: AtSandbox; homeDir: string; awayDir: string }> {
  const [homeDir, awayDir] = [temporaryFolder(t), temporaryFolder(t)];
  const home = await startSandbox(t, { dataDir: homeDir, atSigns: ["@alice"], ...options });
  const away = await startSandbox(t, { dataDir: awayDir, atSigns: ["@bob"], join: homeDir, ...options });
  await activateBoth(home);
  await activateBoth(away);
  return { home, away, homeDir, awayDir };
}

/** The same atSigns, whose servers are in one process. */
export async function startBoth(t: TestContext): Promise<{ home: AtSandbox; away: AtSandbox }> {
  const both = await startSandbox(t);
  await activateBoth(both);
  return { home: both, away: both };
}

/** Asks until the answer is the expected one: for what other connections do in their own time. */
export async function askUntil(raw: RawConnection, command: string, expected: RegExp): Promise<string> {
  const giveUpAt = performance.now() + 20_000;
  for (;;) {
    let answer = await raw.ask(command);
    while (!/\n@(?:[^@\n]+@)?$/.test(answer)) answer += await raw.read();
    if (expected.test(answer)) return answer;
    if (performance.now() > giveUpAt) throw new Error(`${command} still answers ${answer}`);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
