import type { AtServer } from "../at-server.ts";
import { formatRecord } from "../record.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";

/** `to:@alice`, another server's first command: answers the public keys that it checks. */
export function to(server: AtServer, _connection: ServerConnection, rest: string): string {
  const [, name] = /^@?([^:@\s]+)$/.exec(rest.toLowerCase()) ?? [];
  if (name === undefined) throw syntaxError();
  if (`@${name}` !== server.atSign) throw new ServerError("AT0007", `@${name} is not served here`);
  const members = ["publickey", "signing_publickey"].flatMap((each) => {
    const record = server.record(`public:${each}${server.atSign}`);
    return record ? [`"${each}":${formatRecord(record, "all", server.clock())}`] : [];
  });
  return `{${members.join(",")}}`;
}
