import { parseArgs } from "node:util";
import type { Clock } from "@parkme/shared/domain/clock";
import { commandOf, type Context, type Flags } from "./commands.ts";
import { placeOf } from "./place.ts";

/** `parkme-edge tariff ...`: looks at tariff documents, before a gate takes them. It changes nothing. */

const HELP = `parkme-edge tariff: looks at tariffs, before a gate takes them

  parkme-edge tariff check FILE      every problem of a tariff, with its line
  parkme-edge tariff show FILE       what it means, in words
  parkme-edge tariff preview FILE    what a stay costs by its length: a table and a curve
      --entry TIME   when it begins (now)      --hours N   how long a stay at most (48)
      --svg FILE     draws the curve
  parkme-edge tariff price FILE --entry TIME --exit TIME
                                     what one stay costs, and why
  parkme-edge tariff diff OLD NEW    what a change would have meant for past stays
      --data DIR     of the gate's data folder (that of the configuration)
      --stays FILE   of a file: [{ "entry": "2026-11-23 08:00", "exit": "...", "vehicle": "motorcycle" }]
      --limit N      the latest so many (10000)

  FILE is JSON or YAML: { id, version, valid_from, document }, or a document alone.
  TIME is local to the facility, such as "2026-11-23 08:00", or has an offset.

  A stay, for preview and price:
  --vehicle TYPE  --ev  --accessible  --occupancy PERCENT  --lost proven|unproven  --penalty NAME

  --config FILE      the currency and time zone of its facility (default: PARKME_CONFIG, else ./edge.yaml)
  --currency CODE    or these, in place of a configuration
  --time-zone NAME
  --json             answers in JSON
  --help             this text
`;

type Write = (text: string) => void;

/** Resolves with the exit code: 0 = done and right, 1 = a problem, which was said. */
export function runTariff(
  args: readonly string[],
  usualConfig: string,
  clock: Clock,
  { out, complain }: { readonly out: Write; readonly complain: Write },
): number {
  const parsed = flagsOf(args);
  if (typeof parsed === "string") {
    complain(`${parsed}\n\n${HELP}`);
    return 1;
  }
  const { flags, words } = parsed;
  const [word, ...files] = words;
  const command = word === undefined ? null : commandOf(word, files.length);
  if (flags.help === true || command === null) {
    (flags.help === true ? out : complain)(HELP);
    return flags.help === true ? 0 : 1;
  }
  const place = placeOf(flags, usualConfig);
  if (!place.ok) {
    complain(`${place.error}\n`);
    return 1;
  }
  const context: Context = { flags, place: place.value, nowMs: clock.wallMs() };
  const answer = command(files, context);
  if (answer.ok) {
    out(`${answer.value}\n`);
    return 0;
  }
  (flags.json === true ? out : complain)(`${answer.error}\n`);
  return 1;
}

function flagsOf(
  args: readonly string[],
): { readonly flags: Flags; readonly words: readonly string[] } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string" },
        currency: { type: "string" },
        "time-zone": { type: "string" },
        entry: { type: "string" },
        exit: { type: "string" },
        hours: { type: "string" },
        svg: { type: "string" },
        data: { type: "string" },
        stays: { type: "string" },
        limit: { type: "string" },
        vehicle: { type: "string" },
        ev: { type: "boolean" },
        accessible: { type: "boolean" },
        occupancy: { type: "string" },
        lost: { type: "string" },
        penalty: { type: "string", multiple: true },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    return { flags: values, words: positionals };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
