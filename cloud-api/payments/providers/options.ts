import type { z } from "zod";

/** What a provider's section of the configuration says. @throws with words that name what is wrong, never a secret. */
export function readOptions<S extends z.ZodType>(schema: S, options: unknown): z.output<S> {
  return read(schema, options, "options");
}

export function readSecrets<S extends z.ZodType>(schema: S, secrets: unknown): z.output<S> {
  return read(schema, secrets, "secrets");
}

function read<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  const words = found.error.issues.map(({ path, message, ...issue }) => {
    const missing = issue.code === "invalid_type" && issue.input === undefined;
    return `${[where, ...path].join(".")}: ${missing ? "is missing" : message}`;
  });
  throw new TypeError(words.join("; "));
}
