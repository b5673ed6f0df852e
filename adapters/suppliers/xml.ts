import { XMLParser, XMLValidator } from "fast-xml-parser";
import { z } from "zod";
import { AppError } from "../../src/errors.ts";

/**
 * XML as a tree of elements with resolved namespaces. No DTD, no entities but the five built-in ones, no CDATA tricks.
 */

export interface XmlElement {
  /** The namespace's URI; "" = none. */
  readonly namespace: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** The element's own text, trimmed. */
  readonly text: string;
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  processEntities: false,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  cdataPropName: "#cdata",
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: 40,
});
/** What the parser makes of a node: one key (its tag, "#text" or "#cdata"), and ":@" for attributes. */
const nodes = z.array(z.record(z.string(), z.unknown()));
const attributesOf = z.record(z.string(), z.string()).default({});

/** Parses a whole document and returns its root; fails with code `bad-xml`. */
export function parseXml(text: string): XmlElement {
  // Refused before parsing, wherever it stands: nothing we read has a document type or declares entities.
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) {
    throw new AppError("bad-xml", "a document type or entity declaration is not accepted");
  }
  const valid = XMLValidator.validate(text);
  if (valid !== true) {
    throw new AppError("bad-xml", `not well-formed XML (line ${valid.err.line}, ${valid.err.code})`);
  }
  let parsed: unknown;
  try {
    parsed = parser.parse(text);
  } catch (error) {
    throw new AppError("bad-xml", "not well-formed XML", { cause: error });
  }
  const roots = elementsIn(nodes.parse(parsed), new Map([["xml", "http://www.w3.org/XML/1998/namespace"]]));
  const [root] = roots;
  if (root === undefined || roots.length > 1) {
    throw new AppError("bad-xml", "a document has exactly one root element");
  }
  return root;
}

function elementsIn(list: z.infer<typeof nodes>, scope: ReadonlyMap<string, string>): readonly XmlElement[] {
  const elements: XmlElement[] = [];
  for (const node of list) {
    const tag = Object.keys(node).find((key) => key !== ":@");
    if (tag === undefined || tag.startsWith("#")) {
      continue;
    }
    const attributes = attributesOf.parse(node[":@"]);
    const inner = new Map(scope);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "xmlns" || name.startsWith("xmlns:")) {
        inner.set(name.slice("xmlns:".length), decodeText(value));
      }
    }
    const content = nodes.parse(node[tag]);
    elements.push({
      ...resolved(tag, inner),
      attributes: Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [name, decodeText(value)]),
      ),
      children: elementsIn(content, inner),
      text: content.map(textOf).join("").trim(),
    });
  }
  return elements;
}

function resolved(tag: string, scope: ReadonlyMap<string, string>): { namespace: string; name: string } {
  const colon = tag.indexOf(":");
  const prefix = colon < 0 ? "" : tag.slice(0, colon);
  const namespace = scope.get(prefix) ?? (prefix === "" ? "" : undefined);
  if (namespace === undefined) {
    throw new AppError("bad-xml", "a namespace prefix is not declared");
  }
  return { namespace, name: tag.slice(colon + 1) };
}

function textOf(node: Readonly<Record<string, unknown>>): string {
  if (typeof node["#text"] === "string") {
    return decodeText(node["#text"]);
  }
  // CDATA is literal: nothing in it is decoded.
  return node["#cdata"] === undefined
    ? ""
    : nodes
        .parse(node["#cdata"])
        .map((each) => String(each["#text"]))
        .join("");
}

const builtIn = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

function decodeText(text: string): string {
  return text.replace(/&([^;&]{0,12});?/g, (whole, name: string) => {
    const character = builtIn.get(name) ?? numbered(name);
    if (character === undefined || !whole.endsWith(";")) {
      throw new AppError("bad-xml", "an entity that is not built in is not accepted");
    }
    return character;
  });
}

function numbered(name: string): string | undefined {
  const match = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(name);
  if (match === null) {
    return undefined;
  }
  const code = match[1] === undefined ? Number(match[2]) : Number.parseInt(match[1], 16);
  return code > 0x10_ff_ff ? undefined : String.fromCodePoint(code);
}

/** An element to be written, with its prefixed name; text and attribute values are escaped. */
export function xml(
  name: string,
  content: string | readonly string[],
  attributes: Readonly<Record<string, string>> = {},
): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  return `<${name}${written.join("")}>${typeof content === "string" ? escapeXml(content) : content.join("")}</${name}>`;
}

function escapeXml(text: string): string {
  // Characters that XML 1.0 cannot carry at all are dropped.
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "")
    .replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
