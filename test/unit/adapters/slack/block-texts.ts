/** Every text of blocks or views in reading order, and which of them Slack would read as mrkdwn. */
export interface BlockTexts {
  readonly all: readonly string[];
  readonly mrkdwn: readonly string[];
}

export function textsOf(value: unknown): BlockTexts {
  const all: string[] = [];
  const mrkdwn: string[] = [];
  const visit = (each: unknown): void => {
    if (typeof each !== "object" || each === null) {
      return;
    }
    const { type, text } = each as { type?: unknown; text?: unknown };
    if (typeof text === "string") {
      all.push(text);
      if (type === "mrkdwn" || type === "markdown") {
        mrkdwn.push(text);
      }
    }
    for (const child of Object.values(each)) {
      visit(child);
    }
  };
  visit(value);
  return { all, mrkdwn };
}

/** As a reader sees it: rich text's pieces run on, everything else stands on lines of its own. */
export function shownText(value: unknown): string {
  if (Array.isArray(value)) {
    return value
      .map(shownText)
      .filter((each) => each !== "")
      .join("\n");
  }
  if (typeof value !== "object" || value === null) {
    return "";
  }
  const block = value as {
    type?: unknown;
    text?: unknown;
    elements?: unknown;
    label?: unknown;
    blocks?: unknown;
  };
  if (typeof block.text === "string") {
    return block.text;
  }
  if (block.type === "rich_text_section") {
    return (block.elements as unknown[]).map(shownText).join("");
  }
  if (block.type === "actions") {
    return `[${(block.elements as unknown[]).map(shownText).join("] [")}]`;
  }
  return shownText([block.text, block.label, block.elements, block.blocks]);
}
