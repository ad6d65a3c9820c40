import type { z } from "zod";

/** One call to the gate, and what its answer looks like. */
export type Request<T> = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly schema: z.ZodType<T>;
};
