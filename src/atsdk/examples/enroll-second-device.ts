import {
  AtClient,
  enrollmentFingerprint,
  readAtKeysFile,
  requestEnrollment,
  waitForEnrollment,
  writeAtKeysFile,
} from "@atsign/atsdk";
import { argumentsOf, network, say } from "./settings.ts";

// A second device gets keys of its own, which open one namespace. Both devices run here; what passes between them
// besides the atServer, the passcode and the fingerprint, people would tell each other.
const [atSign = "", keyFile = "", newKeyFile = ""] = argumentsOf("ATSIGN", "KEY-FILE", "NEW-KEY-FILE");
const first = await AtClient.open({ ...network(), atSign, keys: await readAtKeysFile(keyFile) });
try {
  await first.put({ kind: "self", name: "note", namespace: "example" }, "written by the first device");
  const otp = await first.enrollments.createPasscode();

  const pending = await requestEnrollment({
    ...network(),
    atSign,
    appName: "example",
    deviceName: `second-${Date.now()}`,
    namespaces: { example: "rw" },
    otp,
  });
  const fingerprint = enrollmentFingerprint(pending);

  for (const { id, appName, deviceName } of await first.enrollments.list({ statuses: ["pending"] })) {
    if (id !== pending.enrollmentId) continue;
    say(`${appName} on ${deviceName.replace(/\d+$/, "…")} asks to be let in`);
    await first.enrollments.approve(id, { fingerprint });
  }

  const outcome = await waitForEnrollment(pending, { ...network(), giveUpAfterMs: 60_000 });
  say(`outcome: ${outcome.status}`);
  if (outcome.status !== "approved") throw new Error("The second device was not let in.");
  await writeAtKeysFile(newKeyFile, outcome.keys);

  const second = await AtClient.open({ ...network(), atSign, keys: await readAtKeysFile(newKeyFile) });
  say(`second device reads: ${await second.get({ kind: "self", name: "note", namespace: "example" })}`);
  await second.close();

  await first.enrollments.revoke(pending.enrollmentId);
  const refused = await AtClient.open({ ...network(), atSign, keys: outcome.keys }).catch(codeOf);
  say(`after the revocation: ${typeof refused === "string" ? refused : "still let in"}`);
} finally {
  await first.close();
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
