/** The demo people as members of the stand-in's workspace: their ids there, see slack/office.ts. */
const members: Readonly<Record<string, string>> = {
  employee: "U0EMPLOYEE",
  "employee-2": "U0EMPLOYE2",
  manager: "U0MANAGER1",
  "manager-2": "U0MANAGER2",
  admin: "U0ADMIN001",
};
const team = "T0SANDBOX1";

/** The books' people, as `books people --csv` gives them, with the stand-in's accounts: for `import people`. */
export function withSandboxAccounts(csv: string): string {
  const [head = "", ...rows] = csv.trim().split("\n");
  const column = head.split(",").indexOf("accounts");
  const linked = rows.map((row) => {
    const cells = row.split(",");
    const user = members[cells[0] ?? ""];
    return cells
      .map((cell, index) => (index === column && user !== undefined ? `slack:${team}/${user}` : cell))
      .join(",");
  });
  return `${[head, ...linked].join("\n")}\n`;
}
