import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { liveEdge, liveSite, type LivePorts } from "./live-hardware.ts";
import { openKeepsakes, type Keepsakes } from "./secrets.ts";

/** A demo facility on paper: every program's configuration, written into one folder. */

export type SitePorts = {
  readonly cloud: number;
  readonly edge: number;
  readonly mqtt: number;
  /** The exit lane's board speaks its serial protocol over TCP, as behind a serial device server. */
  readonly exitBoard: number;
};

export type SiteOptions = {
  readonly folder: string;
  readonly ports: SitePorts;
  /** Whether a simulated attendant takes the cash, or a person at the kiosk page does. */
  readonly attendant: "auto" | "manual";
  readonly arrivalsPerHour?: number;
  readonly meanStayMinutes?: number;
  /** Where the edge reaches the cloud; left out, at its own port. */
  readonly cloudUrl?: string;
  /** With everything that may stand at a lane, and the simulator's control page. */
  readonly live?: LivePorts;
  /** With a second facility, without a gate, whose spots can be booked. */
  readonly bookable?: boolean;
};

export type SignIn = { readonly name: string; readonly secret: string };

export type SitePlan = {
  readonly folder: string;
  readonly facility: { readonly id: string; readonly slug: string; readonly name: string };
  readonly edgeFile: string;
  readonly provisionFile: string;
  readonly simFile: string;
  readonly cloudUrl: string;
  readonly edgeUrl: string;
  readonly mqttUrl: string;
  readonly headquarters: SignIn;
  readonly attendant: SignIn;
  /** A shop whose discounts the gate knows; signs in on the attendant's page. */
  readonly merchant: SignIn;
};

const SLUG = "demo";
const NAME = "Harbour Square";
const TIME_ZONE = "Europe/Berlin";
const CURRENCY = "EUR";
const CAPACITY = 120;
const ARM_MS = 1_500;

/** Short steps, so that stays of minutes already show every price of the board. */
const TARIFF = {
  name: "Demo Short Stay",
  slabs: [
    { max_hours: 0.025, price: "1.00" },
    { max_hours: 0.05, price: "2.50" },
    { max_hours: 1, price: 5 },
    { max_hours: 3, price: 12 },
    { max_hours: null, price: 30 },
  ],
  graces: { exit_minutes: 15 },
  lost_ticket: { true_time: { fee: "5.00", otherwise: "30.00" } },
  penalties: { wrong_bay: { title: "Parked across two bays", price: "25.00" } },
  vehicle_types: { motorcycle: { percent: 50 } },
  tax: { name: "VAT", percent: 19, included: true },
};

const MERCHANT = "cafe-nord";

const ENTRY = {
  lane: "entry",
  title: "Entry 1",
  board: "entry-board",
  camera: "entry-cam",
  inputs: { arming: "in1", safety: "in2", closing: "in3", open_limit: "in4", closed_limit: "in5" },
};
const EXIT = {
  lane: "exit",
  title: "Exit 1",
  board: "exit-board",
  camera: "exit-cam",
  inputs: { arming: "in1", safety: "in2", closing: "in3", closed_limit: "in4" },
};

/** Writes the site's files, the same ids and secrets at every start; everything else as the options say. */
export function layOutSite(options: SiteOptions): SitePlan {
  const { folder, ports } = options;
  mkdirSync(folder, { recursive: true });
  const keep = openKeepsakes(join(folder, "secrets"));
  const plan: SitePlan = {
    folder,
    facility: { id: keep.uuid("facility-id"), slug: SLUG, name: NAME },
    edgeFile: join(folder, "edge.yaml"),
    provisionFile: join(folder, "provision.yaml"),
    simFile: join(folder, "site.yaml"),
    cloudUrl: `http://127.0.0.1:${ports.cloud}`,
    edgeUrl: `http://127.0.0.1:${ports.edge}`,
    mqttUrl: `mqtt://127.0.0.1:${ports.mqtt}`,
    headquarters: { name: "hq@demo.parkme.test", secret: keep.password("hq-password") },
    attendant: { name: "alex", secret: keep.pin("pin-alex") },
    merchant: { name: MERCHANT, secret: keep.pin(`pin-${MERCHANT}`) },
  };
  for (const camera of [ENTRY.camera, EXIT.camera]) keep.token(`key-${camera}`);
  const edge = { id: keep.uuid("edge-id"), token_file: keep.pathOf("edge-token") };
  keep.token("edge-token");
  write(plan.edgeFile, edgeConfig(plan, options, keep, edge));
  write(plan.provisionFile, provisioning(plan, keep, edge, options.bookable ?? false));
  write(plan.simFile, simConfig(plan, options, keep));
  return plan;
}

function write(path: string, content: object): void {
  writeFileSync(
    path,
    `# Written at every start of the demo; changes made here are lost.\n${stringify(content)}`,
  );
}

type Edge = { readonly id: string; readonly token_file: string };

function edgeConfig(
  plan: SitePlan,
  { ports, folder, live, cloudUrl = plan.cloudUrl }: SiteOptions,
  keep: Keepsakes,
  edge: Edge,
): object {
  const hardware = live === undefined ? null : liveEdge(live, keep);
  const barrier = (board: string, pulseMs: number) => ({
    board,
    number: 1,
    pulse_ms: pulseMs,
    rated_ms: ARM_MS,
  });
  return {
    facility: { ...plan.facility, time_zone: TIME_ZONE, currency: CURRENCY, capacity: CAPACITY },
    data_dir: join(folder, "edge"),
    http: { host: "127.0.0.1", port: ports.edge },
    mqtt: { url: plan.mqttUrl },
    cloud: { url: cloudUrl, edge_id: edge.id, token_file: edge.token_file },
    attendants: [{ name: plan.attendant.name, pin_file: keep.pathOf("pin-alex") }],
    tariff: { id: "demo", version: 1, document: TARIFF },
    merchants: [
      {
        name: MERCHANT,
        title: "Café Nord",
        pin_file: keep.pathOf(`pin-${MERCHANT}`),
        offers: [
          { name: "guest", title: "1.00 off", amount: "1.00" },
          { name: "breakfast", title: "Half price", percent: 50 },
        ],
      },
    ],
    receipts: {
      issuer: { name: "Demo Parking Ltd", address: ["Quay 1", "20457 Hamburg"], tax_number: "DE000000000" },
      url: plan.edgeUrl,
    },
    boards: [
      { name: ENTRY.board, driver: "mqtt" },
      { name: EXIT.board, driver: "pcless", tcp: `127.0.0.1:${ports.exitBoard}` },
    ],
    cameras: [ENTRY.camera, EXIT.camera].map((name) => ({
      name,
      driver: "hikvision",
      key_file: keep.pathOf(`key-${name}`),
    })),
    ...hardware?.sections,
    lanes: [
      {
        name: ENTRY.lane,
        title: ENTRY.title,
        direction: "entry",
        camera: ENTRY.camera,
        barrier: barrier(ENTRY.board, 500),
        inputs: { ...ENTRY.inputs, ...hardware?.entryInputs },
        ...hardware?.entry,
      },
      {
        name: EXIT.lane,
        title: EXIT.title,
        direction: "exit",
        camera: EXIT.camera,
        barrier: barrier(EXIT.board, 1_000),
        inputs: EXIT.inputs,
        ...hardware?.exit,
      },
    ],
  };
}

/** A garage in New York that drivers book by the API. */
function garage(keep: Keepsakes): object {
  return {
    id: keep.uuid("garage-id"),
    slug: "hudson",
    name: "Hudson Garage",
    time_zone: "America/New_York",
    currency: "USD",
    capacity: 60,
    kind: "mall",
    address: "500 West 33rd Street",
    city: "New York",
    country: "US",
    latitude: 40.7539,
    longitude: -74.0022,
    bookable: true,
    lanes: [{ slug: "entry", name: "Entry", direction: "entry" }],
    zones: [
      { slug: "p1", name: "Level 1", level: -1 },
      { slug: "p2", name: "Level 2", level: -2 },
    ],
    spots: [
      { zone: "p1", prefix: "A", from: 1, until: 20, digits: 2, size: "standard" },
      { zone: "p1", prefix: "E", from: 1, until: 8, digits: 2, size: "standard", ev: true },
      { zone: "p1", prefix: "H", from: 1, until: 4, digits: 2, size: "large", accessible: true },
      { zone: "p2", prefix: "B", from: 1, until: 20, digits: 2, size: "compact" },
      { zone: "p2", prefix: "L", from: 1, until: 8, digits: 2, size: "large" },
    ],
    tariff: {
      id: "hourly",
      version: 1,
      document: { name: "Hourly Standard Rate", hourly: { price: "4.00" } },
    },
  };
}

function provisioning(plan: SitePlan, keep: Keepsakes, edge: Edge, bookable: boolean): object {
  return {
    organisation: { slug: "demo", name: "Demo Parking" },
    facilities: [
      {
        ...plan.facility,
        time_zone: TIME_ZONE,
        currency: CURRENCY,
        capacity: CAPACITY,
        lanes: [
          { slug: ENTRY.lane, name: ENTRY.title, direction: "entry" },
          { slug: EXIT.lane, name: EXIT.title, direction: "exit" },
        ],
        edge,
      },
      ...(bookable ? [garage(keep)] : []),
    ],
    users: [
      { email: plan.headquarters.name, name: "Headquarters", password_file: keep.pathOf("hq-password") },
    ],
  };
}

function simConfig(plan: SitePlan, options: SiteOptions, keep: Keepsakes): object {
  const { ports, attendant, live, arrivalsPerHour = 180, meanStayMinutes = 2 } = options;
  const hardware = live === undefined ? null : liveSite(live, ports, keep);
  const lane = (
    { lane: name, board, camera, inputs }: typeof ENTRY | typeof EXIT,
    direction: "entry" | "exit",
  ) => ({
    name,
    direction,
    camera,
    barrier: { board, rated_ms: ARM_MS },
    inputs,
  });
  return {
    facility: SLUG,
    time_zone: TIME_ZONE,
    mqtt: { url: plan.mqttUrl },
    agent: { url: plan.edgeUrl },
    capacity: CAPACITY,
    arrivals_per_hour: arrivalsPerHour,
    mean_stay_minutes: meanStayMinutes,
    ...(attendant === "auto"
      ? { attendant: { name: plan.attendant.name, pin_file: keep.pathOf("pin-alex") } }
      : {}),
    state_file: join(plan.folder, "sim", "parked.json"),
    boards: [
      { name: ENTRY.board, transport: "mqtt" },
      { name: EXIT.board, transport: "pcless-tcp", port: ports.exitBoard },
    ],
    cameras: [ENTRY.camera, EXIT.camera].map((name) => ({
      name,
      transport: "hikvision",
      key_file: keep.pathOf(`key-${name}`),
    })),
    ...hardware?.sections,
    lanes: [
      {
        ...lane(ENTRY, "entry"),
        inputs: { ...ENTRY.inputs, ...hardware?.entryInputs },
        ...hardware?.entry,
      },
      { ...lane(EXIT, "exit"), ...hardware?.exit },
    ],
  };
}
