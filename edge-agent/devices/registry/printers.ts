import { z } from "zod";
import type { DeviceContext } from "../context.ts";
import type { Printer } from "../ports.ts";
import { escposPrinterConfigSchema } from "../printers/escpos-config.ts";
import { createEscposPrinter } from "../printers/escpos.ts";

/** The printers by the names of their drivers. */

/** An entry under `printers:` of edge.yaml. */
export const printerConfigSchema = z.discriminatedUnion("driver", [escposPrinterConfigSchema]);
export type PrinterConfig = z.infer<typeof printerConfigSchema>;

type Of<D extends PrinterConfig["driver"]> = Extract<PrinterConfig, { driver: D }>;

const drivers: {
  readonly [D in PrinterConfig["driver"]]: (config: Of<D>, context: DeviceContext) => Printer;
} = {
  escpos: createEscposPrinter,
};

export function createPrinter<D extends PrinterConfig["driver"]>(
  config: Of<D>,
  context: DeviceContext,
): Printer {
  return drivers[config.driver](config, context);
}
