import { readFileSync } from "node:fs";
import { lookUp } from "@atsign/atsdk";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { controlClient, probeMs } from "./control-client.ts";
import { answer } from "./output.ts";

/** Whether a process of this container or machine answers; fails when it does not. */
export async function health(settings: Settings, config: CompanyConfig, name: string): Promise<void> {
  switch (name) {
    case "sandbox": {
      if (settings.atDirectory === undefined || settings.atCaFile === undefined) {
        throw new AppError(
          "bad-setting",
          "health sandbox needs COUNTERSIGN_AT_DIRECTORY and COUNTERSIGN_AT_CA_FILE",
        );
      }
      const ca = readFileSync(settings.atCaFile, "utf8");
      await lookUp(config.company.atSign, { directory: settings.atDirectory, ca });
      break;
    }
    case "bot":
      await controlClient(settings.runtime, "bot", probeMs).get("/status");
      break;
    case "agents":
      await controlClient(settings.runtime, "agents", probeMs).get("/health");
      break;
    default:
      throw new AppError("usage", `health of "${name}": expected sandbox, bot or agents`);
  }
  answer(`${name} answers`);
}
