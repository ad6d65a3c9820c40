import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";

/** What is done to the gate: each is a cut of its own kind, in the middle of work. */
export const KINDS = ["power", "kill", "disk-full", "link"] as const;
export type Kind = (typeof KINDS)[number];

/** How the power goes: by ext4's shutdown call, or by a copy of the image as it lies there; `auto` = the first that works. */
export const CUT_METHODS = ["auto", "ioctl", "copy"] as const;
export type CutMethod = (typeof CUT_METHODS)[number];

const MAX_CUTS = 100_000;
const MAX_BATCH = 1_000;
const MAX_CONTROLS = 100;

const number = (most: number, least = 1) => z.coerce.number().int().min(least).max(most);

const optionsSchema = z.strictObject({
  cuts: number(MAX_CUTS, 0).default(200),
  batch: number(MAX_BATCH).default(20),
  kinds: z
    .string()
    .default(KINDS.join(","))
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(KINDS)).min(1)),
  seed: z.string().min(1).max(100).optional(),
  /** Of each of the two: how many cuts. */
  controls: number(MAX_CONTROLS, 0).default(3),
  "only-batch": number(MAX_CUTS).optional(),
  "cut-by": z.enum(CUT_METHODS).default("auto"),
  folder: z.string().min(1).default(tmpdir()),
  json: z.boolean().default(false),
  help: z.boolean().default(false),
});

export type TortureOptions = {
  readonly cuts: number;
  readonly batch: number;
  readonly kinds: readonly Kind[];
  readonly seed: string;
  readonly controls: number;
  /** Only this batch of the run, counted from 1; null = all. */
  readonly onlyBatch: number | null;
  readonly method: CutMethod;
  readonly folder: string;
};

export type Asked =
  | { readonly kind: "run"; readonly json: boolean; readonly options: TortureOptions }
  | { readonly kind: "help" }
  | { readonly kind: "refused"; readonly problems: readonly string[] };

/** @param freshSeed where none is given. */
export function readOptions(args: readonly string[], freshSeed: () => string): Asked {
  const parsed = parseWords(args);
  if (typeof parsed === "string") return { kind: "refused", problems: [parsed] };
  const read = optionsSchema.safeParse(parsed);
  if (!read.success)
    return {
      kind: "refused",
      problems: read.error.issues.map(({ path, message }) => `--${String(path[0])}: ${message}`),
    };
  const { help, json, seed, controls, cuts, batch, kinds, folder } = read.data;
  if (help) return { kind: "help" };
  const onlyBatch = read.data["only-batch"] ?? null;
  const batches = Math.ceil(cuts / batch);
  if (onlyBatch !== null && onlyBatch > batches)
    return { kind: "refused", problems: [`--only-batch: this run has ${batches} batches`] };
  const method = read.data["cut-by"];
  return {
    kind: "run",
    json,
    options: { cuts, batch, kinds, seed: seed ?? freshSeed(), controls, onlyBatch, method, folder },
  };
}

/** @returns the words by their names, or what is wrong with them. */
function parseWords(args: readonly string[]): object | string {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        cuts: text,
        batch: text,
        kinds: text,
        seed: text,
        controls: text,
        "only-batch": text,
        "cut-by": text,
        folder: text,
        json: flag,
        help: { ...flag, short: "h" },
      },
    }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export const HELP = `npm run torture -- [options]

The real edge agent on an ext4 image of its own, cut off in the middle of work: by power (everything that was not
written through is lost), by kill -9, with a full disk, and with a broken line to its cloud. After each cut it is
started again, and what it had acknowledged must be there, once. Needs root on Linux, and the built programs
(npm run build).

  --cuts N          how many cuts, dealt evenly among the kinds (200)
  --batch N         cuts on one image, with one cloud (20)
  --kinds A,B       of: ${KINDS.join(", ")} (all); one that is named twice comes twice as often
  --controls N      cuts of each negative control, synchronous=OFF and NORMAL, which must lose something (3)
  --seed TEXT       what is left to chance follows from it (a new one each time, told in the report)
  --only-batch N    of the run that these options describe, only this batch, counted from 1
  --cut-by HOW      ioctl: ext4's shutdown call; copy: the image is copied as it lies there; auto (auto)
  --folder PATH     where images and logs lie while it runs (${tmpdir()})
  --json            the report as JSON on stdout
  --help            this text

Exit code: 0 = nothing was lost and both controls lost something; 1 = a violation, told with its seed and cut;
2 = this machine cannot do it, or the options are wrong; 130 = stopped by Ctrl-C.
`;
