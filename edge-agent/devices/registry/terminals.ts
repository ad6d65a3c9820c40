import { z } from "zod";
import type { DeviceContext } from "../context.ts";
import type { PaymentTerminal } from "../ports.ts";
import { createZvtTerminal, zvtConfigSchema } from "../terminals/zvt.ts";

/** The payment terminals by the names of their drivers. */

/** An entry under `terminals:` of edge.yaml. */
export const terminalConfigSchema = z.discriminatedUnion("driver", [zvtConfigSchema]);
export type TerminalConfig = z.infer<typeof terminalConfigSchema>;

type Of<D extends TerminalConfig["driver"]> = Extract<TerminalConfig, { driver: D }>;

const drivers: {
  readonly [D in TerminalConfig["driver"]]: (config: Of<D>, context: DeviceContext) => PaymentTerminal;
} = {
  zvt: createZvtTerminal,
};

/** Throws when a file of the section does not hold what it should. */
export function createTerminal<D extends TerminalConfig["driver"]>(
  config: Of<D>,
  context: DeviceContext,
): PaymentTerminal {
  return drivers[config.driver](config, context);
}
