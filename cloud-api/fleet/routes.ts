import { Hono } from "hono";
import { ADMISSION_LIMITS, type AdmissionLimits } from "./admission.ts";
import { createDoor } from "./door.ts";
import type { EdgeEnv } from "./edge-auth.ts";
import { helloRoutes } from "./hello-routes.ts";
import { logRoutes, type LogDeps } from "./log-routes.ts";

type FleetDeps = Omit<LogDeps, "door"> & {
  /** How many batches are let in at a time; the usual ones when left out. */
  readonly limits?: AdmissionLimits;
};

/** What edges tell and ask about their logs. See shared/protocol/log. */
export function fleetRoutes({ limits = ADMISSION_LIMITS, ...deps }: FleetDeps): Hono<EdgeEnv> {
  const routes = new Hono<EdgeEnv>({ strict: false });
  const door = createDoor(limits, { clock: deps.clock, random: Math.random });
  routes.route("/", logRoutes({ ...deps, door }));
  routes.route("/", helloRoutes({ ...deps, window: door.window }));
  return routes;
}
