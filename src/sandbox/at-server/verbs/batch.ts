import { setImmediate as turn } from "node:timers/promises";
import type { CommandHandler, ServerConnection } from "../server-connection.ts";
import { ServerError, syntaxError } from "../server-error.ts";

const maxCommands = 10_000;
/** When the answers have so many characters, the commands that are left are refused. */
const maxReplyLength = 10_000_000;
const commandsPerTurn = 50;
const allowed = /^(?:update|delete|llookup|lookup|plookup|scan|notify|stats|info)(?:[: ]|$)/i;

/**
 * `batch:[{"id":1,"command":"update:.."}]`: runs the commands in order, each for itself, and answers
 * `[{"id":1,"response":{"data":".."}}]`, with error_code and error_message for those that failed.
 */
export async function batch(
  handle: CommandHandler,
  connection: ServerConnection,
  rest: string,
): Promise<string> {
  const replies: string[] = [];
  let length = 0;
  for (const { id, command } of readCommands(rest)) {
    // Newlines in values are written like this, for a command is one line.
    const response =
      length < maxReplyLength
        ? await respond(handle, connection, command.replaceAll("~NL~", "\n"))
        : refusal(new ServerError("AT0005", "The answers are too long"));
    const reply = JSON.stringify({ id, response });
    replies.push(reply);
    length += reply.length;
    if (replies.length % commandsPerTurn === 0) await turn();
  }
  return `[${replies.join(",")}]`;
}

async function respond(
  handle: CommandHandler,
  connection: ServerConnection,
  command: string,
): Promise<unknown> {
  try {
    if (!allowed.test(command)) throw syntaxError();
    return { data: (await handle(connection, command)) ?? null };
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    return refusal(error);
  }
}

function refusal(error: ServerError): unknown {
  return { error_code: error.code, error_message: error.description };
}

function readCommands(text: string): { id: unknown; command: string }[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw syntaxError();
  }
  if (!Array.isArray(json)) throw syntaxError();
  if (json.length > maxCommands)
    throw new ServerError("AT0022", `A batch has at most ${maxCommands} commands`);
  return json.map((entry: unknown) => {
    const { id, command } = (entry ?? {}) as Record<string, unknown>;
    if (typeof command !== "string") throw syntaxError();
    return { id: id ?? null, command };
  });
}
