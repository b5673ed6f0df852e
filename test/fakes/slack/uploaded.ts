import type { Workspace } from "./workspace.ts";

/** A file that a user attached to a message; returns its id. */
export function uploaded(
  workspace: Workspace,
  user: string,
  channel: string,
  file: { readonly name: string; readonly content: string },
): string {
  const id = workspace.id("F");
  const content = Buffer.from(file.content);
  workspace.files.set(id, {
    id,
    user,
    name: file.name,
    title: file.name,
    mimetype: file.name.endsWith(".csv") ? "text/csv" : "text/plain",
    expected: content.length,
    content,
    shared: true,
    channels: new Set([channel]),
  });
  return id;
}
