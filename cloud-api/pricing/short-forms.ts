/**
 * Short ways to write a tariff that clients of the API know: each is rewritten as the document of shared/pricing
 * (TARIFFS.md), and what is none of them is left as it is.
 *
 *     {"flat": 12}                         {"type": "flat", "price": 12}
 *     {"hourly": 2.5}                      {"type": "hourly", "price": 2.5}
 *     {"hourly": [{"up_to_hours": 2, "price": 1.5}, {"price": 2}]}
 *     {"type": "slab", "slabs": [{"max_hours": 1, "price": 5}, {"max_hours": null, "price": 30}]}
 *     {"dynamic": {"peak": {"from": "08:00", "to": "20:00", "price": 3}, "off_peak": {"price": 1}}}
 */

type Group = Readonly<Record<string, unknown>>;

/** A document, and from which place of the short form each place of it came: the longest that fits counts. */
export type Expanded = {
  readonly document: Group;
  readonly places: readonly (readonly [expanded: string, short: string])[];
};

export function expandShort(short: Group): Expanded {
  const { document, places } = withoutType(short);
  const { flat, hourly, dynamic } = document;
  if (isAmount(flat))
    return { document: { ...document, flat: { price: flat } }, places: [["flat.price", "flat"]] };
  if (isAmount(hourly))
    return { document: { ...document, hourly: { price: hourly } }, places: [["hourly.price", "hourly"]] };
  if (Array.isArray(hourly))
    return { document: { ...document, hourly: { tiers: hourly } }, places: [["hourly.tiers", "hourly"]] };
  if (isGroup(dynamic) && isGroup(dynamic["peak"]) && isGroup(dynamic["off_peak"])) {
    const {
      peak,
      off_peak: offPeak,
      ...rest
    } = { ...dynamic, peak: dynamic["peak"], off_peak: dynamic["off_peak"] };
    const at = document === short ? "dynamic." : "";
    return withBands(document, rest, { peak, offPeak, at });
  }
  return { document, places };
}

/** Where a problem of the document is in the short form. */
export function placeInShort({ places }: Expanded, path: string): string {
  const fits = places.filter(([expanded]) => path === expanded || path.startsWith(`${expanded}.`));
  const [expanded, short] = fits.toSorted(([a], [b]) => b.length - a.length)[0] ?? ["", ""];
  if (expanded === "") return path;
  const rest = path.slice(expanded.length + 1);
  return [short, rest].filter((part) => part !== "").join(".");
}

/** `{type: "hourly", price: 2, ...}` as `{hourly: {price: 2}, ...}`. */
function withoutType(short: Group): Expanded {
  const { type, price, per_minutes: perMinutes, tiers, peak, off_peak: offPeak, ...rest } = short;
  if (typeof type !== "string") return { document: short, places: [] };
  // Said twice, it is left for who reads the document to refuse.
  if (["flat", "hourly", "dynamic"].some((kind) => Object.hasOwn(rest, kind)))
    return { document: short, places: [] };
  const unit = defined({ price, per_minutes: perMinutes, tiers });
  switch (type.toLowerCase()) {
    case "flat":
      return { document: { ...rest, flat: unit }, places: [["flat", ""]] };
    case "hourly":
      return { document: { ...rest, hourly: unit }, places: [["hourly", ""]] };
    case "slab":
    case "slabs":
      return { document: { ...rest, ...unit }, places: [] };
    case "dynamic":
      return {
        document: isGroup(peak) ? { ...rest, dynamic: { peak, off_peak: offPeak } } : { ...rest, ...unit },
        places: [["dynamic", ""]],
      };
    default:
      return { document: short, places: [] };
  }
}

/** Two bands: one in its hours, and one for all other time. @param at where the two stood. */
function withBands(
  document: Group,
  dynamic: Group,
  given: { readonly peak: Group; readonly offPeak: Group; readonly at: string },
): Expanded {
  const { from, to, days, name = "Peak", max, ...rate } = given.peak;
  const { name: offName = "Off-peak", max: offMax, ...offRate } = given.offPeak;
  const bands = [
    defined({ name, windows: [defined({ days, from, to })], hourly: rate, max }),
    defined({ name: offName, hourly: offRate, max: offMax }),
  ];
  const [peak, offPeak] = [`${given.at}peak`, `${given.at}off_peak`];
  return {
    document: { ...document, dynamic: { ...dynamic, bands } },
    places: [
      ["dynamic.bands.0", peak],
      ["dynamic.bands.0.hourly", peak],
      ["dynamic.bands.0.windows.0", peak],
      ["dynamic.bands.1", offPeak],
      ["dynamic.bands.1.hourly", offPeak],
    ],
  };
}

function defined(group: Group): Group {
  return Object.fromEntries(Object.entries(group).filter(([, value]) => value !== undefined));
}

function isAmount(value: unknown): value is number | string {
  return typeof value === "number" || typeof value === "string";
}

function isGroup(value: unknown): value is Group {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
