import { AppError } from "../errors.ts";
import { instanceSchema } from "../trust/trust-documents.ts";

/** The instance named on the command line; throws `usage`. */
export function instanceName(name: string): string {
  const parsed = instanceSchema.safeParse(name);
  if (!parsed.success) {
    throw new AppError(
      "usage",
      `--instance ${name}: expected small letters, digits and "-", forty at most, such as "b"`,
    );
  }
  return parsed.data;
}
