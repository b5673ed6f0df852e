/**
 * A small schema language whose complaints read as Slack's do:
 * `must be less than 3001 characters [json-pointer:/blocks/0/text/text]`
 * (wording as answered by Slack in yonicd/slackreprex#3, adobe/spacecat-api-service#176, nicklambourne/slackblocks#36).
 * Lengths are counted in UTF-16 units, which is never less than Slack counts.
 */
export type Check = (value: unknown, at: Place) => void;

/** Where in the payload a check stands, and what was found so far. */
export class Place {
  readonly pointer: string;
  readonly found: string[];

  constructor(pointer: string, found: string[] = []) {
    this.pointer = pointer;
    this.found = found;
  }

  into(key: string | number): Place {
    return new Place(`${this.pointer}/${key}`, this.found);
  }

  refuse(text: string): void {
    this.found.push(`${text} [json-pointer:${this.pointer}]`);
  }
}

/** A string of `min` to `max` characters. */
export function string(max: number, min = 0): Check {
  return (value, at) => {
    if (typeof value !== "string") {
      at.refuse("must provide a string");
    } else if (value.length > max) {
      at.refuse(`must be less than ${max + 1} characters`);
    } else if (value.length < min) {
      at.refuse(`must be more than ${min - 1} characters`);
    }
  };
}

export function oneOf(...allowed: readonly string[]): Check {
  return (value, at) => {
    if (typeof value !== "string" || !allowed.includes(value)) {
      at.refuse(`must be a valid enum value`);
    }
  };
}

export const boolean: Check = (value, at) => {
  if (typeof value !== "boolean") {
    at.refuse("must provide a boolean");
  }
};

export function integer(min: number, max: number): Check {
  return (value, at) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      at.refuse(`must provide a number from ${min} to ${max}`);
    }
  };
}

export function matching(pattern: RegExp, what: string): Check {
  return (value, at) => {
    if (typeof value !== "string" || !pattern.test(value)) {
      at.refuse(`must provide ${what}`);
    }
  };
}

export const url: Check = (value, at) => {
  string(3000, 1)(value, at);
  if (typeof value === "string" && !URL.canParse(value)) {
    at.refuse("must provide a valid URL");
  }
};

export function list(item: Check, max: number, min = 1): Check {
  return (value, at) => {
    if (!Array.isArray(value)) {
      at.refuse("must provide an array");
      return;
    }
    if (value.length > max) {
      at.refuse(`no more than ${max} items allowed`);
    }
    if (value.length < min) {
      at.refuse(`no less than ${min} items allowed`);
    }
    value.forEach((each, index) => item(each, at.into(index)));
  };
}

/** An object with these fields and no others; `type` is never complained about here. */
export function object(
  required: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
  also: (value: Readonly<Record<string, unknown>>, at: Place) => void = () => {},
): Check {
  return (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      at.refuse("must provide an object");
      return;
    }
    const fields = value as Readonly<Record<string, unknown>>;
    for (const name of Object.keys(required)) {
      if (fields[name] === undefined || fields[name] === null) {
        at.refuse(`missing required field: ${name}`);
      }
    }
    for (const [name, field] of Object.entries(fields)) {
      const check = required[name] ?? optional[name];
      if (check !== undefined) {
        if (field !== undefined && field !== null) {
          check(field, at.into(name));
        }
      } else if (name !== "type") {
        at.refuse(`invalid additional property: ${name}`);
      }
    }
    also(fields, at);
  };
}

/** One of several objects, told apart by their `type`. */
export function byType(kinds: Readonly<Record<string, Check>>): Check {
  return (value, at) => {
    const type = typeof value === "object" && value !== null ? (value as { type?: unknown }).type : undefined;
    if (typeof type !== "string") {
      at.refuse("missing required field: type");
      return;
    }
    const check = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
    if (check === undefined) {
      at.refuse(`unsupported type: ${type}`);
    } else {
      const before = at.found.length;
      check(value, at);
      if (at.found.length > before) {
        at.found.splice(before, 0, `failed to match all allowed schemas [json-pointer:${at.pointer}]`);
      }
    }
  };
}
