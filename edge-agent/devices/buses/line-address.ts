import { z } from "zod";

/** Where a line of bytes leads: a serial port (8 data bits, 1 stop bit, no flow control) or a serial server. */
export type LineAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "serial"; readonly path: string; readonly baudRate: number; readonly parity: Parity };
export type Parity = "none" | "even" | "odd";

const BAUD_RATES = [1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200] as const;

/** Fields of a device's section that say where its line is; spread into the driver's own schema. */
export const lineFields = {
  /** Path of the serial port. */
  serial: z.string().min(1).max(200).optional(),
  baud: z.literal([...BAUD_RATES]).default(9_600),
  parity: z.enum(["none", "even", "odd"]).default("none"),
  /** `host:port` of a serial server, or of the device itself, instead of a serial port. */
  tcp: z
    .string()
    .max(200)
    .refine((text) => tcpAddress(text) !== null, "must be host:port")
    .optional(),
};

export type LineSection = {
  readonly serial?: string | undefined;
  readonly baud: number;
  readonly parity: Parity;
  readonly tcp?: string | undefined;
};

/** For `.refine(...)` on a schema with {@link lineFields}. */
export const namesOneLine = (section: LineSection): boolean =>
  (section.serial === undefined) !== (section.tcp === undefined);
export const NEEDS_ONE_LINE = "needs either serial or tcp";

/** The address of a section that passed {@link namesOneLine}. */
export function lineAddressOf({ serial, baud, parity, tcp }: LineSection): LineAddress {
  if (serial !== undefined) return { kind: "serial", path: serial, baudRate: baud, parity };
  const address = tcpAddress(tcp ?? "");
  if (address === null) throw new Error("a device has neither serial nor tcp");
  return address;
}

/** `host:port`, an IPv6 address in brackets; null when it is none. */
function tcpAddress(text: string): LineAddress | null {
  const [, ipv6, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? null : { kind: "tcp", host, port };
}
