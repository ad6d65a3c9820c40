import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { eventually, setStage, type Stage } from "./stage.ts";

/** The examples of the API's contract, as a client that already uses it sends them, against the programs of the demo. */

let stage: Stage;
let api: string;
beforeEach(async () => {
  stage = await setStage({ programs: ["broker", "cloud"], bookable: true });
  api = stage.plan.cloudUrl;
});

const sockets: WebSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

type Json = Readonly<Record<string, unknown>>;
type Answer = { readonly status: number; readonly body: Json; readonly type: string };

async function ask(method: string, path: string, body?: Json, token?: string): Promise<Answer> {
  const response = await fetch(`${api}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const type = response.headers.get("content-type") ?? "";
  const text = await response.text();
  return { status: response.status, type, body: (type.includes("json") ? JSON.parse(text) : {}) as Json };
}

/** The items of a list. */
function itemsOf({ items }: Json): readonly Json[] {
  return Array.isArray(items) ? (items as readonly Json[]) : [];
}

const textOf = (body: Json, member: string): string => String(body[member]);

/** Every kind of path is asked both ways. */
describe.each([
  ["with", "/"],
  ["without", ""],
])("the examples %s the slash at the end", (_words, end) => {
  it("work as they are written", async () => {
    const person = {
      email: "john@example.com",
      password: "SecurePass123!",
      password_confirm: "SecurePass123!",
      first_name: "John",
      last_name: "Doe",
      phone: "+12125550100",
    };
    const registered = await ask("POST", `/api/users${end}`, person);
    expect(registered).toMatchObject({ status: 201, body: { email: "john@example.com", role: "driver" } });
    expect(JSON.stringify(registered.body)).not.toContain("SecurePass123!");

    const signIn = { email: person.email, password: person.password };
    const pair = await ask("POST", `/api/auth/token${end}`, signIn);
    expect(pair.status).toBe(200);
    const refreshed = await ask("POST", `/api/auth/token/refresh${end}`, { refresh: pair.body["refresh"] });
    expect(refreshed.status).toBe(200);
    const token = textOf(refreshed.body, "access");

    const found = await ask("GET", `/api/facilities${end}?city=New+York&has_ev_charging=true`);
    expect(found.status).toBe(200);
    const [facility] = itemsOf(found.body);
    expect(facility).toMatchObject({ name: "Hudson Garage", city: "New York" });
    const facilityId = String(facility?.["id"]);

    const availability = await ask("GET", `/api/facilities/${facilityId}/availability${end}`);
    expect(availability).toMatchObject({ status: 200, body: { facility_id: facilityId } });

    const entry = new Date(Date.now() + 60_000);
    const exit = new Date(entry.getTime() + 4 * 3_600_000);
    const search = await ask("POST", `/api/facilities/${facilityId}/search_spots${end}`, {
      vehicle_size: "standard",
      needs_ev: true,
      needs_accessible: false,
      from: entry.toISOString(),
      until: exit.toISOString(),
    });
    expect(search.status).toBe(200);
    const [spot] = itemsOf(search.body);
    expect(spot).toMatchObject({ ev: true });

    const estimate = await ask("POST", `/api/pricing/estimate${end}`, {
      facility_id: facilityId,
      duration_hours: 3.5,
      vehicle_type: "CAR",
    });
    expect(estimate).toMatchObject({
      status: 200,
      body: {
        base_price: "16.00",
        total: "16.00",
        currency: "USD",
        duration_minutes: 210,
        applied_rule: "Hourly Standard Rate",
      },
    });

    const vehicle = await ask(
      "POST",
      `/api/vehicles${end}`,
      { plate: "NY ABC 1234", type: "CAR", ev: true },
      token,
    );
    expect(vehicle.status).toBe(201);
    const wish = {
      vehicle_id: vehicle.body["id"],
      spot_id: spot?.["id"],
      entry_time: entry.toISOString(),
      expected_exit: exit.toISOString(),
    };
    const booked = await ask("POST", `/api/bookings/reserve${end}`, wish, token);
    expect(booked).toMatchObject({ status: 201, body: { status: "CONFIRMED", estimated_price: "16.00" } });
    expect(booked.body["ticket_number"]).toMatch(/^PKM-[0-9A-Z]{8}$/);
    const again = await ask("POST", `/api/bookings/reserve${end}`, wish, token);
    expect(again).toMatchObject({ status: 409, type: expect.stringContaining("problem+json") });

    const { name, secret } = stage.plan.headquarters;
    const owner = await ask("POST", `/api/auth/token${end}`, { email: name, password: secret });
    const operate = textOf(owner.body, "access");
    const booking = `/api/bookings/${textOf(booked.body, "id")}`;
    const changes: string[] = [];
    const socket = new WebSocket(`${api.replace("http", "ws")}/ws/availability?facility_id=${facilityId}`);
    sockets.push(socket);
    socket.on("message", (data) => changes.push(data instanceof Buffer ? data.toString("utf8") : "?"));
    await eventually(
      "the first word",
      () => changes.length,
      (n) => n === 1,
      10_000,
    );
    expect((await ask("POST", `${booking}/activate${end}`, {}, operate)).body).toMatchObject({
      status: "ACTIVE",
    });
    await eventually(
      "the spot is taken",
      () => changes.length,
      (n) => n > 1,
      10_000,
    );
    expect((await ask("POST", `${booking}/complete${end}`, {}, operate)).body).toMatchObject({
      status: "COMPLETED",
    });

    const mine = await ask("GET", `/api/bookings${end}`, undefined, token);
    expect(itemsOf(mine.body)).toHaveLength(1);
    const foreign = await ask("GET", `/api/bookings/${facilityId}${end}`, undefined, token);
    expect(foreign.status).toBe(404);

    const schema = await ask("GET", `/api/schema${end}`);
    expect(schema.body).toMatchObject({ openapi: expect.stringMatching(/^3\.1/) });
    expect((await ask("GET", `/api/docs${end}`)).type).toContain("text/html");
  });
});
