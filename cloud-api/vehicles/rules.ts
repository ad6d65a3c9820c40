import { z } from "@hono/zod-openapi";
import { VEHICLE_TYPES } from "../db/bookings-schema.ts";

/** A type of vehicle as requests have it, in any case: `CAR`. */
export const vehicleType = z.string().max(20).toLowerCase().pipe(z.enum(VEHICLE_TYPES));

/** Of one driver, those given away and ended ones aside. */
export const MAX_VEHICLES = 50;

/** How long a code is good by which another driver takes a vehicle over. */
export const TRANSFER_MS = 7 * 86_400_000;
