import { eq } from "drizzle-orm";
import { z } from "@hono/zod-openapi";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIdentify } from "../accounts/identify.ts";
import { listedPlates } from "../db/bookings-schema.ts";
import { auditEntries } from "../db/platform-schema.ts";
import type { AppEnv } from "../http.ts";
import { sendProblem } from "../http.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import { createApi } from "./api.ts";
import { createProcessCache } from "./cache.ts";
import { Refusal, refuse } from "./refusal.ts";

let cloud: TestCloud;
let staff: Person;
let stranger: Person;
let runs = 0;

beforeAll(async () => {
  cloud = await startTestCloud();
  const { db, clock } = cloud;
  const time = { wallMs: () => clock.now.getTime(), monotonicMs: () => performance.now() };
  const cache = createProcessCache(() => performance.now());
  const identify = createIdentify({ db, clock: time, cache, findKey: async () => null });
  const api = createApi({
    db,
    clock: time,
    identify: async (c) => (await identify(c))?.principal ?? null,
    limit: async () => undefined,
    cache,
    checkAnswers: true,
  });
  api.call(
    {
      method: "post",
      path: "/api/things/{facilityId}/",
      tag: "things",
      summary: "Blocks a plate, and forgets to ask whose facility it is",
      access: ["owner", "staff"],
      params: z.object({ facilityId: z.uuid() }),
      query: z.strictObject({ fail: z.enum(["yes"]).optional() }),
      body: z.strictObject({ plate: z.string().max(9) }),
      status: 201,
      answer: z.object({ runs: z.number() }),
      idempotent: true,
    },
    async ({ tx, params: { facilityId }, body, query, now, audit }) => {
      runs += 1;
      const row = {
        facilityId,
        list: "blocked",
        plate: body.plate,
        reason: "a test",
        by: "me",
        at: now,
      } as const;
      await tx.insert(listedPlates).values(row);
      await audit({ action: "plate.blocked", subject: `plate:${body.plate}`, facilityId });
      if (query.fail === "yes") refuse(409, "on_purpose", "it was asked to");
      return { runs };
    },
  );
  api.call(
    {
      method: "get",
      path: "/api/things/",
      tag: "things",
      summary: "Lists plates of every facility",
      access: "anyone",
      answer: z.array(z.string()),
    },
    async ({ tx }) => (await tx.select().from(listedPlates)).map(({ plate }) => plate),
  );
  const app = new Hono<AppEnv>({ strict: false });
  app.use(async (c, next) => {
    c.set("requestId", "r1");
    await next();
  });
  app.route("/", api.routes);
  app.onError((error, c) => {
    if (!(error instanceof Refusal)) throw error;
    return sendProblem(c, error.problem, error.extra);
  });
  const served = { ...cloud, app: { ...cloud.app, request: app.request, fetch: app.fetch } };
  staff = await signedIn(served, "staff");
  stranger = await signedIn(served, "owner", { organisationId: await foreignOrganisation(cloud) });
});
afterAll(() => cloud.stop());

const path = `/api/things/${FACILITY_ID}/`;
const plates = async (who: Person) => (await who.ask("GET", "/api/things")).json();

describe("a call", () => {
  it("runs behind the walls of who asks", async () => {
    expect((await staff.ask("POST", path, { plate: "B1" })).status).toBe(201);
    expect(await plates(staff)).toEqual(["B1"]);
    expect(await plates(stranger)).toEqual([]);
    await expect(stranger.ask("POST", path, { plate: "B2" })).rejects.toThrow("Failed query");
    expect(await cloud.db.select().from(listedPlates)).toHaveLength(1);
  });

  it("undoes what it did, its entry in the audit log too, when it refuses", async () => {
    const entries = async () =>
      await cloud.db.select().from(auditEntries).where(eq(auditEntries.action, "plate.blocked"));
    const before = await entries();
    expect((await staff.ask("POST", `${path}?fail=yes`, { plate: "C1" })).status).toBe(409);
    expect(await plates(staff)).not.toContain("C1");
    expect(await entries()).toEqual(before);
  });

  it("is done once for each idempotency key, and refuses the key for another request", async () => {
    const key = { "idempotency-key": "k1" };
    const first = await staff.ask("POST", path, { plate: "D1" }, key);
    const done = runs;
    const again = await Promise.all([1, 2, 3].map(() => staff.ask("POST", path, { plate: "D1" }, key)));
    expect(again.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(await again[0]?.json()).toEqual(await first.json());
    expect(runs).toBe(done);
    const other = await staff.ask("POST", path, { plate: "D2" }, key);
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ code: "idempotency_key_reused" });
  });

  it("names what is wrong with a request", async () => {
    const wrong = async (body: unknown, query = "") => {
      const response = await staff.ask("POST", path + query, body);
      const { code, field } = (await response.json()) as { code: string; field?: string };
      return { status: response.status, code, field };
    };
    expect(await wrong({})).toEqual({ status: 400, code: "invalid", field: "plate" });
    expect(await wrong({ plate: "1", colour: 1 })).toEqual({ status: 400, code: "invalid", field: "colour" });
    expect(await wrong({ plate: "\u0000" })).toMatchObject({ status: 400, field: "plate" });
    expect(await wrong({ plate: "\ud800" })).toMatchObject({ status: 400, field: "plate" });
    expect(await wrong({ plate: "1" }, "?colour=1")).toMatchObject({ status: 400, field: "colour" });
    const text = await staff.ask("POST", path, { plate: "1" }, { "content-type": "text/plain" });
    expect(text.status).toBe(415);
  });
});
