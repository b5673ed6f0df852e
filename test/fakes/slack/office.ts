import type { Workspace } from "./workspace.ts";

/**
 * A small office: #general and #orders (public, the bot in both), #finance (private, without the bot), and one user of
 * each kind. All fictional.
 */
export function furnishOffice(workspace: Workspace): void {
  const member = (
    id: string,
    name: string,
    realName: string,
    more: { admin?: boolean; deleted?: boolean } = {},
  ) => workspace.addUser({ id, name, realName, email: `${name}@countersign.example`, ...more }).id;
  const staff = [
    member("U0EMPLOYEE", "employee", "Erin Employee"),
    member("U0EMPLOYE2", "employee-2", "Emil Employee"),
    member("U0MANAGER1", "manager", "Mara Manager"),
    member("U0MANAGER2", "manager-2", "Milo Manager"),
    member("U0ADMIN001", "admin", "Ada Admin", { admin: true }),
  ];
  member("U0LEFT0001", "leaver", "Lee Left", { deleted: true });
  workspace.addUser({ id: "U0GUEST001", name: "guest", realName: "Gus Guest", kind: "guest" });
  workspace.addUser({
    id: "U0GUEST002",
    name: "visitor",
    realName: "Vic Visitor",
    kind: "single-channel-guest",
  });
  workspace.addUser({ id: "U0STRANGER", name: "stranger", realName: "Sam Stranger", teamId: "T0OTHER001" });
  const outside = ["U0GUEST001", "U0GUEST002", "U0STRANGER"];
  const bot = workspace.app.botUserId;
  workspace.addChannel({ id: "C0GENERAL1", name: "general", members: [...staff, bot] });
  workspace.addChannel({
    id: "C0ORDERS01",
    name: "orders",
    shared: true,
    members: [...staff, ...outside, bot],
  });
  workspace.addChannel({
    id: "C0FINANCE1",
    name: "finance",
    kind: "private",
    members: ["U0MANAGER1", "U0MANAGER2"],
  });
}
