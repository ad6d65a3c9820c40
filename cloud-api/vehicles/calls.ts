import { createHash, randomBytes, randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import type { Principal } from "../accounts/principal.ts";
import type { Tx } from "../db/connection.ts";
import { asSystem } from "../db/tenancy.ts";
import type { Api } from "../platform/api.ts";
import { id, instantText, iso, isoOrNull, plate } from "../platform/fields.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { MAX_VEHICLES, TRANSFER_MS, vehicleType } from "./rules.ts";
import {
  countVehicles,
  deleteTransfer,
  findVehicle,
  insertVehicle,
  isBooked,
  isSubscribed,
  listVehicles,
  lockOwnVehicle,
  takeTransfer,
  updateVehicle,
  type VehicleRow,
  writeTransfer,
} from "./vehicles.queries.ts";

const view = z
  .object({
    id: z.string(),
    plate: z.string(),
    type: z.string(),
    ev: z.boolean(),
    accessible: z.boolean(),
    name: z.string(),
    owned_from: instantText,
    /** Null = still. */
    owned_until: instantText.nullable(),
  })
  .openapi("Vehicle");

function viewOf(row: VehicleRow): z.input<typeof view> {
  const { id: vehicleId, plate: text, type, ev, accessible, name, ownedFrom, ownedUntil } = row;
  return {
    id: vehicleId,
    plate: text,
    type,
    ev,
    accessible,
    name,
    owned_from: iso(ownedFrom),
    owned_until: isoOrNull(ownedUntil),
  };
}

const DRIVER = ["driver"] as const;
const params = z.object({ id });
const name = z.string().trim().max(60);

/** Vehicles of drivers. The same plate may be with several: nobody proves here whose it is, the gate sees who comes. */
export function vehicleCalls(api: Api): void {
  reading(api);
  changing(api);
  passingOn(api);
}

function reading(api: Api): void {
  api.call(
    {
      method: "get",
      path: "/api/vehicles/",
      tag: "vehicles",
      summary: "The driver's vehicles, the newest first",
      access: DRIVER,
      query: z.strictObject({ ...pageQuery, include_ended: z.enum(["true", "false"]).default("false") }),
      answer: pageOf(view),
    },
    async ({ tx, principal, query }) => {
      const after = readCursor(query.cursor, z.tuple([z.number(), z.string()]));
      const asked = { ended: query.include_ended === "true", after, limit: query.limit };
      const rows = await listVehicles(tx, principal.actorId, asked);
      const page = cutPage(rows, query.limit, (row) => [row.ownedFrom.getTime(), row.id]);
      return { items: page.rows.map(viewOf), next_cursor: page.next_cursor };
    },
  );
  api.call(
    {
      method: "get",
      path: "/api/vehicles/{id}/",
      tag: "vehicles",
      summary: "A vehicle of the driver's, also one that is theirs no more",
      access: DRIVER,
      params,
      answer: view,
    },
    async ({ tx, principal, params: { id: vehicleId } }) =>
      viewOf((await findVehicle(tx, principal.actorId, vehicleId)) ?? notFound("vehicle")),
  );
}

function changing(api: Api): void {
  api.call(
    {
      method: "post",
      path: "/api/vehicles/",
      tag: "vehicles",
      summary: "Adds a vehicle",
      access: DRIVER,
      body: z.strictObject({
        plate,
        type: vehicleType.default("car"),
        ev: z.boolean().default(false),
        accessible: z.boolean().default(false),
        name: name.default(""),
      }),
      status: 201,
      answer: view,
      idempotent: true,
    },
    async ({ tx, principal, body, now }) => {
      const owned = { ownedFrom: now, ownedUntil: null };
      return viewOf(await addVehicle(tx, { ...body, ...owned, id: randomUUID(), userId: principal.actorId }));
    },
  );
  api.call(
    {
      method: "patch",
      path: "/api/vehicles/{id}/",
      tag: "vehicles",
      summary: "Changes what is known of a vehicle; another plate is another vehicle",
      access: DRIVER,
      params,
      body: z.strictObject({
        type: vehicleType.optional(),
        ev: z.boolean().optional(),
        accessible: z.boolean().optional(),
        name: name.optional(),
      }),
      answer: view,
    },
    async ({ tx, principal, params: { id: vehicleId }, body }) => {
      const row = await own(tx, principal, vehicleId);
      const changed = {
        type: body.type ?? row.type,
        ev: body.ev ?? row.ev,
        accessible: body.accessible ?? row.accessible,
        name: body.name ?? row.name,
      };
      await updateVehicle(tx, vehicleId, changed);
      return viewOf({ ...row, ...changed });
    },
  );
  api.call(
    {
      method: "delete",
      path: "/api/vehicles/{id}/",
      tag: "vehicles",
      summary: "Ends: it is the driver's no more. What was booked with it stays known",
      access: DRIVER,
      params,
    },
    async ({ tx, principal, params: { id: vehicleId }, now, audit }) => {
      await own(tx, principal, vehicleId);
      await end(tx, principal.actorId, vehicleId, now);
      await deleteTransfer(tx, vehicleId);
      await audit({ action: "vehicle.ended", subject: `vehicle:${vehicleId}` });
    },
  );
}

function passingOn(api: Api): void {
  api.call(
    {
      method: "post",
      path: "/api/vehicles/{id}/transfer/",
      tag: "vehicles",
      summary: "Offers the vehicle to whoever shows the code that is answered; an offer of before ends",
      access: DRIVER,
      params,
      status: 201,
      answer: z.object({ code: z.string(), expires_at: instantText }),
    },
    async ({ tx, principal, params: { id: vehicleId }, now, audit }) => {
      await own(tx, principal, vehicleId);
      const code = randomBytes(24).toString("base64url");
      const expiresAt = new Date(now.getTime() + TRANSFER_MS);
      const offer = { vehicleId, userId: principal.actorId, codeHash: hashOf(code), madeAt: now, expiresAt };
      await writeTransfer(tx, offer);
      await audit({ action: "vehicle.offered", subject: `vehicle:${vehicleId}` });
      return { code, expires_at: iso(expiresAt) };
    },
  );
  api.call(
    {
      method: "delete",
      path: "/api/vehicles/{id}/transfer/",
      tag: "vehicles",
      summary: "Takes the offer back",
      access: DRIVER,
      params,
    },
    async ({ tx, principal, params: { id: vehicleId } }) => {
      await own(tx, principal, vehicleId);
      if (!(await deleteTransfer(tx, vehicleId))) notFound("transfer");
    },
  );
  api.call(
    {
      method: "post",
      path: "/api/vehicles/claim/",
      tag: "vehicles",
      summary: "Takes over a vehicle that its driver has offered, by the code",
      access: DRIVER,
      body: z.strictObject({ code: z.string().regex(/^[\w-]{32}$/, "is no code of a transfer") }),
      status: 201,
      answer: view,
    },
    async ({ tx, principal, body, now, audit }) => {
      const taken = await asSystem(tx, async () => {
        const offered = (await takeTransfer(tx, hashOf(body.code), now)) ?? notFound("transfer");
        if (offered.userId === principal.actorId)
          return refuse(409, "own_vehicle", "it is yours: somebody else has to take it over");
        await end(tx, offered.userId, offered.id, now);
        return offered;
      });
      const owned = { userId: principal.actorId, ownedFrom: now, ownedUntil: null, name: "" };
      const row = await addVehicle(tx, { ...taken, ...owned, id: randomUUID() });
      await audit({
        action: "vehicle.taken_over",
        subject: `vehicle:${row.id}`,
        detail: { former: taken.id },
      });
      return viewOf(row);
    },
  );
}

async function own(tx: Tx, { actorId }: Principal, vehicleId: string): Promise<VehicleRow> {
  return (await lockOwnVehicle(tx, actorId, vehicleId)) ?? notFound("vehicle");
}

/** @throws a refusal: who has booked with it has to come with it, and nobody else parks by a subscription. */
async function end(tx: Tx, userId: string, vehicleId: string, now: Date): Promise<void> {
  if (await isBooked(tx, userId, vehicleId))
    refuse(409, "vehicle_booked", "there is a booking with it: cancel that first");
  if (await isSubscribed(tx, userId, vehicleId))
    refuse(409, "vehicle_subscribed", "a subscription names it: name another vehicle there first");
  await updateVehicle(tx, vehicleId, { ownedUntil: now });
}

async function addVehicle(tx: Tx, row: VehicleRow): Promise<VehicleRow> {
  if ((await countVehicles(tx, row.userId)) >= MAX_VEHICLES)
    refuse(409, "too_many_vehicles", `${MAX_VEHICLES} vehicles are the most`);
  if (!(await insertVehicle(tx, row)))
    refuse(409, "vehicle_exists", "you have a vehicle with this plate already", "plate");
  return row;
}

function hashOf(code: string): Buffer {
  return createHash("sha256").update(code).digest();
}
