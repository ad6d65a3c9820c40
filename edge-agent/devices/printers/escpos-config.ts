import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { lineFields, namesOneLine, NEEDS_ONE_LINE } from "../buses/line-address.ts";

/** A printer under `printers:` of edge.yaml. */
export const escposPrinterConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("escpos"),
    ...lineFields,
    /** Characters of font A in a line: 32 on paper of 58 mm, 42 or 48 on paper of 80 mm. */
    columns: z.literal([32, 42, 48]).default(42),
    /** The printer's own number (ESC t) of each code page that it has, in order of preference. */
    code_pages: z
      .partialRecord(z.enum(["cp858", "cp850", "cp437", "cp1252"]), z.number().int().min(0).max(255))
      .default({ cp858: 19, cp437: 0, cp1252: 16 }),
    /** For printers that begin in a mode of Chinese or Japanese characters, which eats our accents. */
    cancel_kanji: z.boolean().default(false),
    /** `raster` for printers that know no QR command. */
    qr: z.enum(["command", "raster"]).default("command"),
    qr_module_dots: z.number().int().min(3).max(16).default(6),
    cut: z.enum(["partial", "full", "none"]).default("partial"),
    /** Blank lines before the cut. */
    feed_lines: z.number().int().min(0).max(20).default(1),
    /**
     * How the driver knows that a ticket is out. `process_id`: the printer repeats our mark when it has printed what
     * stands before it (GS ( H; Epson since about 2005). `status`: it answers GS r, which waits its turn behind
     * the ticket (nearly all). `none`: it is believed to print as long as DLE EOT reports nothing wrong.
     */
    confirm: z.enum(["process_id", "status", "none"]).default("process_id"),
    /** `custom`: cuts, presents and reports a ticket as Custom's KPM and VKP and Pyramid's Reliance do. */
    presenter: z.enum(["none", "custom"]).default("none"),
    /** How far a ticket is pushed out, in the printer's own steps: 6.5 mm on a KPM216, 7 mm on a Reliance. */
    present_steps: z.number().int().min(0).max(255).default(12),
    /** What becomes of a ticket that nobody took: pulled back in (the printer must have that enabled), or dropped. */
    untaken: z.enum(["retract", "eject"]).default("retract"),
    /** Also lets the printer report changes by itself (GS a): quicker than the poll. */
    asb: z.boolean().default(false),
    /** The pin of the drawer connector that kicks the drawer, and for how long. */
    drawer_pin: z.literal([2, 5]).default(2),
    drawer_pulse_ms: z.number().int().min(20).max(120).default(100),
    poll_ms: z.number().int().min(200).max(10_000).default(1_000),
    /** The printer counts as dead when it gave no good answer for this long. */
    stale_after_ms: z.number().int().min(4_000).max(60_000).default(6_000),
    /** How long a ticket may take from its last byte on. */
    print_timeout_ms: z.number().int().min(2_000).max(60_000).default(15_000),
  })
  .refine(namesOneLine, NEEDS_ONE_LINE)
  .refine(({ stale_after_ms, poll_ms }) => stale_after_ms >= poll_ms + 3_000, {
    message: "must be at least 3000 more than poll_ms, or one lost answer makes the printer dead",
    path: ["stale_after_ms"],
  })
  .refine(({ asb, presenter }) => !asb || presenter === "none", {
    message: "cannot be told from the full status of a printer with a presenter",
    path: ["asb"],
  });
export type EscposPrinterConfig = z.infer<typeof escposPrinterConfigSchema>;
