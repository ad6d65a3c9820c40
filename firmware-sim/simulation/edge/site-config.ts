import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { type EdgeConfig, parseConfig } from "../../../edge-agent/config/load.ts";
import type { LanePlan, SitePlan } from "../schedule.ts";

/** A shop whose discounts the gate knows. */
const MERCHANT = {
  name: "shop",
  title: "Shop",
  offers: [
    { name: "hour", title: "One hour", minutes: 60 },
    { name: "half", title: "Half price", percent: 50 },
  ],
} as const;

/** The tariff's id; its versions count from 1. Where there is a cloud, that publishes it. */
export const TARIFF_ID = "house";

/** What the gate signs in with at headquarters. */
export type EdgeIdentity = { readonly edgeId: string; readonly token: string };

/** The names of a lane's devices in the configuration. */
export const deviceOf = (
  kind: "board" | "camera" | "scanner" | "printer" | "display" | "terminal",
  lane: string,
) => `${lane}-${kind}`;

/** After so long without a word from a board its inputs are not known, ms. */
export const STALE_MS = 3_000;

/**
 * The configuration of a site as its operator would write it, read by the program's own parser.
 *
 * @param folder gets the secrets, and the data in `data`.
 */
export function configOf(site: SitePlan, folder: string, identity: EdgeIdentity | null): EdgeConfig {
  const secrets = join(folder, "secrets");
  mkdirSync(secrets, { recursive: true });
  for (const name of [...site.attendants, MERCHANT.name]) writeFileSync(join(secrets, `pin-${name}`), PIN);
  writeFileSync(join(secrets, "terminal"), TERMINAL_PASSWORD);
  if (identity !== null) writeFileSync(join(secrets, "edge-token"), identity.token);
  const parsed = parseConfig(JSON.stringify(fileOf(site, identity)), folder);
  if (!parsed.ok) throw new Error(describeProblems(site.slug, parsed.error));
  return parsed.value;
}

/** Nobody signs in by a page in a simulation: people act at the desk itself. */
const PIN = "4711-0815";
const TERMINAL_PASSWORD = "000000";
/** Of devices that stand on no network. */
const NOWHERE = "192.0.2.1:9100";

function fileOf(site: SitePlan, identity: EdgeIdentity | null): object {
  const { lanes } = site;
  const having = (what: keyof LanePlan["has"]) => lanes.filter(({ has }) => has[what]);
  return {
    facility: {
      id: site.facilityId,
      slug: site.slug,
      name: site.name,
      time_zone: site.timeZone,
      currency: site.currency,
      capacity: site.capacity,
      zones: site.zones.map(({ name, capacity, parent }) => ({
        name,
        title: name,
        capacity,
        ...(parent !== null && { parent }),
      })),
      anti_passback: site.antiPassback,
    },
    data_dir: "data",
    mqtt: { url: "mqtt://127.0.0.1:1883" },
    ...(identity !== null && {
      cloud: { url: "http://cloud.test", edge_id: identity.edgeId, token_file: "secrets/edge-token" },
    }),
    attendants: site.attendants.map((name) => ({ name, pin_file: `secrets/pin-${name}` })),
    merchants: [{ ...MERCHANT, pin_file: `secrets/pin-${MERCHANT.name}` }],
    receipts: { issuer: { name: site.name, address: ["1 Main Street"], tax_number: "DE123456789" } },
    ...(identity === null && { tariff: { id: TARIFF_ID, version: 1, document: site.tariffs[0] } }),
    boards: lanes.map(({ name }) => ({
      name: deviceOf("board", name),
      driver: "mqtt",
      stale_after_ms: STALE_MS,
    })),
    cameras: having("camera").map(({ name }) => ({ name: deviceOf("camera", name), driver: "mqtt" })),
    readers: having("scanner").map(({ name }) => ({
      name: deviceOf("scanner", name),
      driver: "scanner",
      tcp: NOWHERE,
    })),
    printers: having("printer").map(({ name }) => ({
      name: deviceOf("printer", name),
      driver: "escpos",
      tcp: NOWHERE,
    })),
    displays: lanes.map(({ name }) => ({
      name: deviceOf("display", name),
      driver: "cd5220",
      tcp: NOWHERE,
    })),
    terminals: having("terminal").map(({ name }) => ({
      name: deviceOf("terminal", name),
      driver: "zvt",
      tcp: NOWHERE,
      password_file: "secrets/terminal",
    })),
    lanes: lanes.map(laneOf),
  };
}

function laneOf({ name, direction, zone, ratedMs, has, ticket }: LanePlan): object {
  return {
    name,
    title: name,
    direction,
    ...(zone !== null && { zone }),
    ...(has.camera && { camera: deviceOf("camera", name) }),
    ...(has.scanner && { readers: [deviceOf("scanner", name)] }),
    ...(has.printer && { printer: deviceOf("printer", name), ticket }),
    ...(has.terminal && { terminal: deviceOf("terminal", name) }),
    display: deviceOf("display", name),
    barrier: { board: deviceOf("board", name), rated_ms: ratedMs },
    inputs: Object.fromEntries(inputsOf({ has }).map((input) => [input, input])),
  };
}

/** The inputs that are wired to a lane's board; each has the name of its point. */
export function inputsOf({ has }: Pick<LanePlan, "has">) {
  return [
    "arming",
    "safety",
    ...(has.closing ? (["closing"] as const) : []),
    ...(has.photocell ? (["photocell"] as const) : []),
    ...(has.openLimit ? (["open_limit"] as const) : []),
    "closed_limit",
    ...(has.printer ? (["button"] as const) : []),
  ] as const;
}
