import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { type ByteLine, createByteLine } from "../buses/byte-line.ts";
import { lineAddressOf, lineFields, namesOneLine, NEEDS_ONE_LINE } from "../buses/line-address.ts";
import type { DeviceContext } from "../context.ts";
import { createHealthReport, type HealthReport } from "../health-report.ts";
import type { Display, Health } from "../ports.ts";
import { createPageText } from "../printers/code-pages.ts";

export const cd5220DisplayConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("cd5220"),
    ...lineFields,
    /** Characters in a line. */
    columns: z.number().int().min(8).max(40).default(20),
    /** What the display itself is set to show for bytes from 128 on; `ascii` sends it none of them. */
    code_page: z.enum(["ascii", "cp437", "cp850", "cp858", "cp1252"]).default("ascii"),
    /** The lines are sent again this often: the display cannot say that it was switched off and on. */
    refresh_ms: z.number().int().min(1_000).max(60_000).default(10_000),
  })
  .refine(namesOneLine, NEEDS_ONE_LINE);
type Cd5220DisplayConfig = z.infer<typeof cd5220DisplayConfigSchema>;

/** CLR: clears the screen, and ends whatever the display was set to do with its lines. */
const CLEAR = 0x0c;

/**
 * A customer display of two lines that understands the CD5220 commands (CD5220 and P07303 manuals, standard mode
 * command list): `ESC Q A text CR` and `ESC Q B text CR` write the upper and the lower line. It only listens, so
 * its health is that of the line to it.
 */
export function createCd5220Display(config: Cd5220DisplayConfig, context: DeviceContext): Display {
  return new Cd5220Display(config, context);
}

class Cd5220Display implements Display {
  readonly name: string;
  readonly #config: Cd5220DisplayConfig;
  readonly #line: ByteLine;
  #health: HealthReport | null = null;
  #lines: readonly [string, string] = ["", ""];
  #refresh: NodeJS.Timeout | undefined;

  constructor(config: Cd5220DisplayConfig, context: DeviceContext) {
    this.name = config.name;
    this.#config = config;
    this.#line = createByteLine({
      address: lineAddressOf(config),
      clock: context.clock,
      log: context.log,
      events: {
        onOpen: () => this.#onOpen(),
        onData: () => undefined,
        onClose: (reason) => this.#onClose(reason),
      },
    });
  }

  start(sink: (health: Health) => void): Promise<void> {
    this.#health = createHealthReport(sink);
    this.#line.start();
    return Promise.resolve();
  }

  show(lines: readonly [string, string]): void {
    this.#lines = lines;
    this.#write(this.#both());
  }

  async stop(): Promise<void> {
    clearInterval(this.#refresh);
    await this.#line.stop();
  }

  #onOpen(): void {
    this.#health?.good();
    this.#write([CLEAR, ...this.#both()]);
    this.#refresh = setInterval(() => this.#write(this.#both()), this.#config.refresh_ms);
  }

  #onClose(reason: string): void {
    clearInterval(this.#refresh);
    this.#health?.bad(`no connection to the display: ${reason}`);
  }

  #both(): number[] {
    return this.#lines.flatMap((text, index) => [
      0x1b,
      0x51,
      index === 0 ? 0x41 : 0x42,
      ...this.#padded(text),
      0x0d,
    ]);
  }

  #padded(text: string): Uint8Array {
    const { columns, code_page: page } = this.#config;
    const { printable, encode } = createPageText(page === "ascii" ? [] : [page], () => []);
    return encode(printable(text).slice(0, columns).padEnd(columns));
  }

  /** A line that is stuck loses this one; the refresh brings it again. */
  #write(bytes: readonly number[]): void {
    this.#line.write(Uint8Array.from(bytes));
  }
}
