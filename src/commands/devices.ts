import path from "node:path";
import { isoMinute } from "../iso-minute.ts";
import { atSignAccount } from "../accounts.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import { personRole } from "../countersigned.ts";
import { AppError } from "../errors.ts";
import { existingCompanyKey } from "../keys.ts";
import { readPeople } from "../processes/company-books.ts";
import { grantedDevices } from "../trust/granted-devices.ts";
import { answer, answerJson, table } from "./output.ts";
import { signTrust } from "./trust.ts";

/** The machines on which people countersign, seen from where the company is. */

/** `people devices`: all that were ever granted. */
export async function devices(settings: Settings, o: { readonly json?: boolean }): Promise<void> {
  const people = await readPeople(settings, false);
  const found = (await grantedDevices(trustFolder(settings))).map(({ atSign, device, notAfter, status }) => {
    const owner = people.find(({ accounts }) => accounts.includes(atSignAccount(atSign)));
    return { person: owner?.id ?? null, atSign, device, notAfter, status };
  });
  if (o.json === true) {
    answerJson(found);
    return;
  }
  answer(
    table(
      ["person", "atSign", "device", "until", "status"],
      found.map(({ person, atSign, device, notAfter, status }) => [
        person ?? "nobody",
        atSign,
        device,
        isoMinute(Date.parse(notAfter)),
        status,
      ]),
    ),
  );
}

/** `people revoke-device ATSIGN DEVICE`: nothing that is signed there counts any more; other machines go on. */
export async function revokeDevice(
  { settings, config }: { readonly settings: Settings; readonly config: CompanyConfig },
  atSign: string,
  device: string,
  o: { readonly json?: boolean },
): Promise<void> {
  await existingCompanyKey(settings.data);
  const all = await grantedDevices(trustFolder(settings));
  const found = all.find((each) => each.atSign === atSign && each.device === device);
  if (found === undefined) {
    const known = all.map((each) => `${each.atSign} ${each.device}`).join(", ") || "none";
    throw new AppError("no-grant", `${atSign} has no machine "${device}"; there are: ${known}`);
  }
  const { serial } = found;
  const { published } = await signTrust(settings, config, [
    { kind: "agent", atSign: found.atSign, role: personRole, instancePattern: device, serial },
  ]);
  if (o.json === true) {
    answerJson({ type: "device-revoked", atSign, device, published });
  } else {
    answer(
      `revoked: nothing signed at ${atSign} (${device}) counts any more, within five seconds everywhere`,
    );
  }
}

function trustFolder(settings: Settings): string {
  return path.join(settings.data, "trust");
}
