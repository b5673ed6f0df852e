import type { NewDeviceFlags } from "./device.ts";
import type { InboxFlags } from "./inbox.ts";
import { command, place, program, settings, type ViewFlags } from "./program.ts";

/** People, their machines, the books and Slack. Each command loads what it needs only when it is called. */

export function addPeopleCommands(): void {
  const people = command("people", "who may ask and decide, and their chat accounts")
    .enablePositionalOptions()
    .action(async (o: ViewFlags) => (await import("./people.ts")).people(settings(), o));
  for (const change of ["link", "unlink"] as const) {
    const text = { link: "say that a chat account is this person's", unlink: "take that back" }[change];
    command(`${change} <person> <account>`, text, people).action(
      async (person: string, account: string, o: ViewFlags) => {
        const { changeAccount } = await import("./people.ts");
        await changeAccount(place(), change, { person, account }, o);
      },
    );
  }
  command("import <platform>", "propose whose accounts are whose, by e-mail address (slack)", people)
    .option("--confirm", "link all that is proposed")
    .action(async (platform: string, o: { confirm?: boolean; json?: boolean }) => {
      const { importMembers } = await import("./slack.ts");
      await importMembers(place(), platform, o);
    });

  command("device <token>", "let a person countersign on the machine that asked with this token", people)
    .option("--fingerprint <text>", "as the person reads it on that machine; asked for without it")
    .action(async (token: string, o: { fingerprint?: string; json?: boolean }) =>
      (await import("./device.ts")).grantDevice(place(), token, o),
    );
  command("devices", "the machines on which people countersign", people).action(async (o: ViewFlags) =>
    (await import("./devices.ts")).devices(settings(), o),
  );
  command(
    "revoke-device <atSign> <device>",
    "let nothing count any more that is signed there",
    people,
  ).action(async (atSign: string, device: string, o: ViewFlags) =>
    (await import("./devices.ts")).revokeDevice(place(), atSign, device, o),
  );
  const keysFile = ["--keys <file>", "your atSign's key file, @NAME_key.atKeys"] as const;
  const inbox = command("inbox", "read plans on your own machine, and countersign them")
    .enablePositionalOptions()
    .option(...keysFile)
    .option("--approve <id>", "approve this one without asking (needs --hash)")
    .option("--reject <id>", "reject this one (needs --hash and --reason)")
    .option("--hash <text>", "of the plan that you read")
    .option("--reason <text>", "why it is rejected")
    .action(async (o: InboxFlags) => (await import("./inbox.ts")).inbox(place(), o));
  command(
    "new <person>",
    "make this machine's keys, and the request by which the company believes them",
    inbox,
  )
    .requiredOption(...keysFile)
    .option("--company-key <key>", "the company's public key; needed where the company is not")
    .option("--device <name>", 'which of your machines this is; the first is "main"')
    .option("--sandbox <folder>", "in the demo: the company's data folder, whose sandbox has your atSign")
    .action(async (person: string, o: NewDeviceFlags) =>
      (await import("./device.ts")).newDevice(place(), person, o),
    );

  command("books <kind> [id]", "show the company's books")
    .option("--csv", "as CSV, as `import` takes it")
    .action(async (kind: string, id: string | undefined, o: { csv?: boolean; json?: boolean }) =>
      (await import("./books.ts")).books(settings(), kind, id, o),
    );
  command("import <kind> [file]", "import a CSV file into the books, all or nothing")
    .option("--dry-run", "check only")
    .option("--columns", "list the columns of the kind")
    .action(
      async (
        kind: string,
        file: string | undefined,
        o: { dryRun?: boolean; columns?: boolean; json?: boolean },
      ) => (await import("./books.ts")).importFile(settings(), kind, file, o),
    );
  const slack = program.command("slack").description("chat in Slack");
  command("setup", "check tokens, scopes, connection and channel, and post a test card", slack).action(
    async (o: ViewFlags) => (await import("./slack.ts")).setup(settings(), o),
  );
}
