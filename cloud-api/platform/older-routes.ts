/**
 * The routes that are not added by platform/api.ts: those of the edges (their protocols are in shared/protocol), of the
 * dashboard, and of operations. The OpenAPI document lists them; a test compares them with what the program answers.
 */
export type OlderRoute = {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly security: Security;
};

/** Anybody; an edge's token; people of headquarters, by cookie or token; a payment provider's signature. */
export type Security = "anybody" | "edge" | "people" | "provider";

const at = (tag: string, security: Security) => (line: readonly [OlderRoute["method"], string, string]) => {
  const [method, path, summary] = line;
  return { method, path, summary, tag, security };
};

const edges = at("edges", "edge");
const gates = at("gates", "people");
const strangers = at("edges", "anybody");
const operations = at("operations", "anybody");

export const OLDER_ROUTES: readonly OlderRoute[] = [
  edges(["post", "/api/edge/log", "Takes lines of an edge's log: gzip, a line each"]),
  edges(["get", "/api/edge/log", "Gives a restored edge the lines that it lacks"]),
  edges(["post", "/api/edge/hello", "Compares an edge's log with ours, and says how to go on"]),
  edges(["post", "/api/edge/epochs", "Begins a new history after a restore"]),
  edges(["get", "/api/edge/downlink", "Gives what goes down to a gate, in order"]),
  edges(["get", "/api/edge/live", "Web socket: hints down, the gate's state up"]),
  edges(["post", "/api/edge/state", "Takes the gate's state where there is no web socket"]),
  edges(["get", "/api/edge/manifest", "Gives what the edge's manifest lacks, signed"]),
  edges(["get", "/api/edge/pictures/{pictureId}", "Says whether a picture is here"]),
  edges(["put", "/api/edge/pictures/{pictureId}", "Takes a picture"]),
  edges(["get", "/api/edge/equality", "Gives the rows of a day, to find where books differ"]),
  edges(["post", "/api/edge/equality", "Takes the rows of a day that differ"]),
  strangers(["post", "/api/edge/enrol", "Trades a code for an edge's key"]),
  strangers(["post", "/api/edge/nonce", "Gives a nonce to sign"]),
  strangers(["post", "/api/edge/token", "Trades a signed nonce for a token of ten minutes"]),

  gates(["get", "/api/facilities/{facilityId}/manifest", "Gives what is in force at a gate"]),
  gates(["post", "/api/facilities/{facilityId}/manifest", "Changes many entries, all or none"]),
  gates(["get", "/api/facilities/{facilityId}/manifest/{section}/{key}", "Gives one entry"]),
  gates(["put", "/api/facilities/{facilityId}/manifest/{section}/{key}", "Sets one entry"]),
  gates(["delete", "/api/facilities/{facilityId}/manifest/{section}/{key}", "Takes one entry away"]),
  gates(["get", "/api/facilities/{facilityId}/commands", "Lists what was asked of a gate"]),
  gates(["post", "/api/facilities/{facilityId}/commands", "Has a gate do something"]),
  gates(["post", "/api/facilities/{facilityId}/enrolments", "Makes a code that enrols an edge"]),
  gates(["get", "/api/facilities/{facilityId}/link", "Tells how the link to a gate is, and its incidents"]),
  gates([
    "post",
    "/api/facilities/{facilityId}/link/incidents/{incidentId}/seen",
    "Notes that a person saw an incident",
  ]),
  gates(["get", "/api/facilities/{facilityId}/equality", "Tells whether the books are equal, day by day"]),
  gates(["get", "/api/facilities/{facilityId}/pictures/{pictureId}", "Gives a picture"]),
  gates(["get", "/api/facilities/{facilityId}/capacity", "Tells how the spaces are shared out"]),
  gates(["post", "/api/facilities/{facilityId}/capacity/sales", "Sells spaces of a class"]),
  gates(["delete", "/api/facilities/{facilityId}/capacity/sales/{saleId}", "Gives sold spaces back"]),

  ...[
    ["get", "/api/dashboard", "Gives a snapshot of all facilities"] as const,
    ["get", "/api/dashboard/live", "Streams snapshots (server-sent events)"] as const,
    ["get", "/api/reports/day", "Tells what a facility's day adds up to"] as const,
  ].map(at("dashboard", "people")),
  ...[
    ["post", "/api/session", "Signs in with a cookie, for the dashboard"] as const,
    ["delete", "/api/session", "Signs out"] as const,
  ].map(at("dashboard", "anybody")),
  at("dashboard", "people")(["get", "/api/session", "Tells who is signed in"]),

  at(
    "payments",
    "provider",
  )(["post", "/api/payments/webhooks/{provider}", "Takes what a payment provider tells, over its signature"]),

  at("live", "anybody")(["get", "/ws/availability", "Web socket: how full a facility is, at every change"]),
  at(
    "live",
    "people",
  )(["get", "/ws/events", "Web socket: what happens at a facility, with a cursor to come back by"]),

  operations(["get", "/api/schema", "Gives this document; `?format=yaml` as YAML"]),
  operations(["get", "/healthz", "The process answers"]),
  operations(["get", "/readyz", "The database answers, and has this version's schema"]),
  operations(["get", "/metrics", "Metrics, as Prometheus reads them"]),
];
