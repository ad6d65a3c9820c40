import { pino, type DestinationStream, type Logger, type LevelWithSilent } from "pino";
import { scrub, scrubError, scrubText } from "./scrub.ts";
import { currentTrace } from "./spans.ts";

/** The log of the program: JSON, a line for each entry, without tokens, passwords or plates. @param to left out: stdout. */
export function createLog(level: LevelWithSilent, to?: DestinationStream): Logger {
  const options = {
    name: "cloud-api",
    level,
    mixin: currentTrace,
    formatters: { log: (fields: object) => scrub(fields) as Record<string, unknown> },
    serializers: {
      err: (error: unknown) => (error instanceof Error ? scrubError(error) : error),
    },
    hooks: {
      logMethod(
        this: Logger,
        args: Parameters<Logger["info"]>,
        method: (...args: Parameters<Logger["info"]>) => void,
      ) {
        const scrubbed = args.map((part) => (typeof part === "string" ? scrubText(part) : part));
        method.apply(this, scrubbed as Parameters<Logger["info"]>);
      },
    },
  };
  return to === undefined ? pino(options) : pino(options, to);
}
