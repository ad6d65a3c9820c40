import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { title } from "./facility-section.ts";

/** Where drivers pay by card on foot, before they go to their cars. */

const payStation = z.strictObject({
  name: slugSchema,
  title,
  /** For tickets, cards and merchants' codes. */
  readers: z.array(slugSchema).min(1).max(8),
  display: slugSchema.optional(),
  terminal: slugSchema,
  /** Prints a receipt of every payment. */
  printer: slugSchema.optional(),
  /** A card terminal that has not answered after this long leaves the payment in doubt: it is asked what became of it. */
  pay_ms: z.number().int().min(1_000).max(600_000).default(90_000),
  /** How long something is shown that needs no answer. */
  show_ms: z.number().int().min(500).max(60_000).default(8_000),
});
export type PayStationSection = z.infer<typeof payStation>;
export const payStationsSection = z.array(payStation).max(64).default([]);

type Devices = Readonly<
  Record<"readers" | "displays" | "terminals" | "printers", readonly { readonly name: string }[]>
>;
type File = Partial<
  Devices & {
    readonly pay_stations: readonly PayStationSection[];
    readonly lanes: readonly { readonly name: string }[];
  }
>;

/**
 * @param places names that money is booked under, other than lanes'.
 * @param take takes a device for a place; false when another place has it.
 */
export function checkPayStations(
  file: File,
  places: ReadonlySet<string>,
  take: (section: string, name: string) => boolean,
  report: (path: readonly PropertyKey[], message: string) => void,
): void {
  const names = new Set([...places, ...(file.lanes ?? []).map(({ name }) => name)]);
  for (const [i, { name, readers, ...station }] of (file.pay_stations ?? []).entries()) {
    if (names.has(name)) report(["pay_stations", i, "name"], "is the name of another place already");
    names.add(name);
    const device = (
      section: keyof Devices,
      wanted: string | undefined,
      ...path: readonly PropertyKey[]
    ): void => {
      if (wanted === undefined) return;
      const at = ["pay_stations", i, ...path];
      if (file[section]?.some((one) => one.name === wanted) === false)
        report(at, `is not one of the ${section}`);
      if (!take(section, wanted)) report(at, "serves another place already");
    };
    for (const [k, reader] of readers.entries()) device("readers", reader, "readers", k);
    device("displays", station.display, "display");
    device("terminals", station.terminal, "terminal");
    device("printers", station.printer, "printer");
  }
}
