import { expect, it } from "vitest";
import { z } from "zod";
import { openLinkedLot, setMode, turnedAway } from "./linked-lot.ts";
import { eventually } from "./stage.ts";

/** A space that is booked in the cloud, used at the gate by the plate, and paid for as it was booked. */

const LONG_MS = 60_000;
const HOUR_MS = 3_600_000;

const pairSchema = z.object({ access: z.string() });
const madeSchema = z.object({ id: z.string() });
const versionSchema = z.object({ version: z.number() });
const bookingSchema = z.object({
  id: z.string(),
  status: z.string(),
  estimated_price: z.string(),
  final_price: z.string().nullable(),
  stay_id: z.string().nullable(),
});
const manifestSchema = z.object({ edge: z.object({ newest: z.boolean() }).nullable() });
const availabilitySchema = z.object({ spots: z.object({ occupied: z.number() }) });

it(
  "lets the booked vehicle in and out, and ends with the price that was told",
  { timeout: 240_000 },
  async () => {
    const { lot, hq } = await openLinkedLot();
    const api = `http://127.0.0.1:${hq.port}/api`;
    async function ask<T>(
      method: string,
      path: string,
      schema: z.ZodType<T>,
      body?: object,
      token?: string,
    ): Promise<T> {
      const answer = await fetch(`${api}${path}`, {
        method,
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        signal: AbortSignal.timeout(LONG_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return schema.parse(text === "" ? null : JSON.parse(text));
    }
    const signIn = async (email: string, password: string): Promise<string> =>
      (await ask("POST", "/auth/token/", pairSchema, { email, password })).access;

    // Headquarters makes a spot that can be booked, and a tariff for it, here and at the gate.
    const { facility, headquarters } = lot.plan;
    const owner = await signIn(headquarters.name, headquarters.secret);
    const own = `/facilities/${facility.id}/`;
    await ask("PATCH", own, z.unknown(), { bookable: true }, owner);
    const zone = await ask("POST", `${own}zones/`, madeSchema, { slug: "p1", name: "Level 1" }, owner);
    const spot = await ask("POST", `${own}spots/`, madeSchema, { number: "A1", zone_id: zone.id }, owner);
    const document = { name: "Booked", hourly: { price: "2.50" } };
    const draft = await ask(
      "POST",
      `${own}tariffs/`,
      versionSchema,
      { tariff_id: "booked", document },
      owner,
    );
    await ask("POST", `${own}tariffs/booked/${draft.version}/publish/`, z.unknown(), {}, owner);

    // A driver books it for two hours from now on.
    const [email, password] = ["driver@example.test", "a long enough password"];
    const names = { first_name: "Kim", last_name: "Lee", phone: "+4930123456" };
    await ask("POST", "/users/", z.unknown(), { email, password, password_confirm: password, ...names });
    const driver = await signIn(email, password);
    const vehicle = await ask("POST", "/vehicles/", madeSchema, { plate: "HH BK 100", type: "CAR" }, driver);
    const entryMs = Date.now() + 60_000;
    const wish = {
      vehicle_id: vehicle.id,
      facility_id: facility.id,
      spot_id: spot.id,
      entry_time: new Date(entryMs).toISOString(),
      expected_exit: new Date(entryMs + 2 * HOUR_MS).toISOString(),
    };
    const booked = await ask("POST", "/bookings/reserve/", bookingSchema, wish, driver);
    expect(booked).toMatchObject({ status: "CONFIRMED", estimated_price: "5.00" });
    const booking = async () => await ask("GET", `/bookings/${booked.id}/`, bookingSchema, undefined, driver);

    // The gate lets nobody in but who holds a right; it hears of the booking within seconds.
    await setMode(lot, "entry", "full");
    await turnedAway(lot, "HHXX999");
    const told = async () => (await hq.rows<{ untold: boolean }>("select untold from bookings"))[0]?.untold;
    await eventually("the booking to be published", told, (untold) => untold === false, LONG_MS);
    const manifest = async () => manifestSchema.parse((await hq.ask("GET", "manifest")).body).edge;
    await eventually("the gate to have it", manifest, (edge) => edge?.newest === true, LONG_MS);
    await lot.comeIn("HHBK100");
    const inside = await eventually("it to be used", booking, ({ status }) => status === "ACTIVE", LONG_MS);
    expect(inside.stay_id).not.toBeNull();
    const taken = async () => await ask("GET", `${own}availability/`, availabilitySchema);
    await eventually("the spot to be taken", taken, ({ spots }) => spots.occupied === 1, LONG_MS);

    // What was booked is not charged at the exit.
    await lot.exit.approach();
    await lot.exit.read("HHBK100");
    await lot.exit.pass();
    const ended = await eventually("it to be over", booking, ({ status }) => status === "COMPLETED", LONG_MS);
    expect(ended.final_price).toBe("5.00");
    await eventually("the spot to be free", taken, ({ spots }) => spots.occupied === 0, LONG_MS);
  },
);
