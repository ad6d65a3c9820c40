import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { type ByteLine, createByteLine } from "../buses/byte-line.ts";
import { lineAddressOf, lineFields, namesOneLine, NEEDS_ONE_LINE } from "../buses/line-address.ts";
import type { DeviceContext } from "../context.ts";
import { createHealthReport, type HealthReport } from "../health-report.ts";
import type { Reader, ReaderEvent } from "../ports.ts";
import { MAX_AFFIX_CHARACTERS, ScanSplitter } from "./scan-splitter.ts";

/** A scanner sends a code in one go; bytes that come later than this are not the rest of it. */
const MAX_GAP_MS = 1_000;

/** Codes seen of late; beyond, the oldest is forgotten. */
const MAX_SEEN = 16;

const affix = z
  .string()
  .max(MAX_AFFIX_CHARACTERS)
  .refine((text) => !/[\r\n\u0080-\uffff]/.test(text), "must be ASCII, without CR and LF")
  .default("");

export const scannerConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("scanner"),
    ...lineFields,
    /** What the scanner is set up to send before and after each code, such as "\x02" or "]Q1"; taken off. */
    prefix: affix,
    suffix: affix,
    /** `card` for a serial card reader that sends numbers as text. */
    medium: z.enum(["code", "card"]).default("code"),
    /** A code that stays in front of the window is told once: again only when not seen for this long. */
    repeat_ms: z.number().int().min(0).max(60_000).default(2_000),
  })
  .refine(namesOneLine, NEEDS_ONE_LINE);
export type ScannerConfig = z.infer<typeof scannerConfigSchema>;

/**
 * A QR or barcode scanner that sends what it reads as a line of text, ended by CR, LF or both. It says nothing
 * while it reads nothing, so its health is that of its line; it has no lamp that we could light.
 */
export function createScanner(config: ScannerConfig, context: DeviceContext): Reader {
  return new Scanner(config, context);
}

class Scanner implements Reader {
  readonly name: string;
  readonly #config: ScannerConfig;
  readonly #context: DeviceContext;
  readonly #line: ByteLine;
  readonly #splitter: ScanSplitter;
  #sink: (event: ReaderEvent) => void = () => undefined;
  readonly #health: HealthReport = createHealthReport((health) => this.#sink({ kind: "health", health }));
  #heardAtMs = 0;
  /** By code: when it was last seen (monotonic), the most recent one last. */
  readonly #seen = new Map<string, number>();

  constructor(config: ScannerConfig, context: DeviceContext) {
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    this.#splitter = new ScanSplitter(config);
    this.#line = createByteLine({
      address: lineAddressOf(config),
      clock: context.clock,
      log: context.log,
      events: {
        onOpen: () => {
          this.#splitter.reset();
          this.#health.good();
        },
        onData: (chunk) => this.#onData(chunk),
        onClose: (reason) => this.#health.bad(`the scanner's line is down: ${reason}`),
      },
    });
  }

  start(sink: (event: ReaderEvent) => void): Promise<void> {
    this.#sink = sink;
    this.#line.start();
    return Promise.resolve();
  }

  indicate(): void {
    // Scanners beep for themselves when they have read a code.
  }

  async stop(): Promise<void> {
    await this.#line.stop();
  }

  #onData(chunk: Uint8Array): void {
    const nowMs = this.#context.clock.monotonicMs();
    const rejectedBefore = this.#splitter.rejected;
    if (this.#splitter.pending && nowMs - this.#heardAtMs > MAX_GAP_MS) this.#splitter.reset();
    this.#heardAtMs = nowMs;
    for (const text of this.#splitter.push(chunk)) this.#onCode(text, nowMs);
    for (let i = rejectedBefore; i < this.#splitter.rejected; i++) this.#context.count("scan_rejected");
  }

  #onCode(text: string, nowMs: number): void {
    const seenAtMs = this.#seen.get(text);
    this.#seen.delete(text);
    this.#seen.set(text, nowMs);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MAX_SEEN && oldest !== undefined) this.#seen.delete(oldest);
    if (seenAtMs !== undefined && nowMs - seenAtMs < this.#config.repeat_ms) {
      this.#context.count("scan_repeated");
      return;
    }
    this.#sink({ kind: "credential", medium: this.#config.medium, text });
  }
}
