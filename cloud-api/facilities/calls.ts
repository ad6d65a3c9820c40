import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import type { Principal } from "../accounts/principal.ts";
import { readCounts } from "../availability/availability.queries.ts";
import { createAvailabilityReader } from "../availability/reader.ts";
import { composeAvailability } from "../availability/rules.ts";
import type { DomainDeps } from "../domain-deps.ts";
import { tellChange } from "../live/changes.queries.ts";
import type { Api, AskedInScope } from "../platform/api.ts";
import { id } from "../platform/fields.ts";
import { pageOf } from "../platform/pages.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import {
  changeOf,
  facilityAnswer,
  facilityChangeSchema,
  facilitySchema,
  newFacility,
  newFacilitySchema,
  placeProblem,
} from "./facility-fields.ts";
import {
  hasBookings,
  insertFacility,
  knowsTimeZone,
  organisationExists,
  readFacilities,
  updateFacility,
  type FacilityRecord,
  type FacilityScope,
} from "./facility.queries.ts";
import { createFacilityList, listQuerySchema } from "./list.ts";
import { openFacility, ownFacility, seesAll, seesFacility } from "./own.ts";
import { closeSpots } from "./spots.queries.ts";
import { createFacilityReader } from "./reader.ts";

type Deps = Pick<DomainDeps, "db" | "cache">;
type Asked = AskedInScope<unknown, unknown, unknown, Principal>;

/** Facilities: found by drivers, made and changed by those who own them. */
export function facilityCalls(api: Api, { db, cache }: Deps): void {
  findCalls(api, { db, cache });
  makeCall(api);
  changeCall(api);
  closeCall(api);
}

const tag = "facilities";
const params = z.object({ facilityId: id });

function findCalls(api: Api, { db, cache }: Deps): void {
  const reader = createFacilityReader({ db, cache });
  const availability = createAvailabilityReader({ db, cache });
  const readList = createFacilityList({ db, cache, reader });

  /** Null = it is gone since it was found. */
  async function answer(
    facility: FacilityRecord,
    how: Parameters<typeof facilityAnswer>[2],
  ): Promise<z.input<typeof facilitySchema> | null> {
    const its = await availability.find(facility.id);
    return its === null ? null : facilityAnswer(facility, its, how);
  }

  api.bare(
    {
      method: "get",
      path: "/api/facilities/",
      tag,
      summary: "Lists facilities with what is free there now; nearest first where `near` names a place",
      access: "anyone",
      query: listQuerySchema,
      answer: pageOf(facilitySchema),
    },
    async ({ query, principal, now }) => {
      if (query.radius_km !== undefined && query.near === undefined)
        refuse(400, "invalid", "says nothing without near", "radius_km");
      const { facilities, next_cursor } = await readList(scopeOf(principal, query.mine ?? false), query);
      const answers = await Promise.all(
        facilities.map(
          async ({ facility, distanceM }) =>
            await answer(facility, { now, distanceM, own: seesAll(principal, facility.id) }),
        ),
      );
      return { items: answers.filter((one) => one !== null), next_cursor };
    },
  );

  api.bare(
    {
      method: "get",
      path: "/api/facilities/{facilityId}/",
      tag,
      summary: "One facility, with what is free there now",
      access: "anyone",
      params,
      answer: facilitySchema,
    },
    async ({ params: { facilityId }, principal, now }) => {
      const facility = await reader.find(facilityId);
      if (facility === null || !seesFacility(principal, facility)) return notFound("facility");
      const own = seesAll(principal, facilityId);
      return (await answer(facility, { now, own })) ?? notFound("facility");
    },
  );
}

function scopeOf(principal: Principal | null, mine: boolean): FacilityScope {
  if (!mine) return "listed";
  if (principal === null) return refuse(401, "not_signed_in", "sign in first");
  if (principal.role === "admin") return "every";
  return principal.facilityIds.filter((facilityId) => seesAll(principal, facilityId));
}

/** What everybody knows of facilities is forgotten when one changes. */
async function forgetFacility({ forget }: Pick<Asked, "forget">, facilityId: string): Promise<void> {
  await forget("facilities", facilityId);
  await forget("facilities", "generation");
  await forget("availability", facilityId);
  await forget("tariffs", facilityId);
}

function makeCall(api: Api): void {
  api.call(
    {
      method: "post",
      path: "/api/facilities/",
      tag,
      summary: "Makes a facility of the organisation; admins name one",
      access: ["admin", "owner"],
      body: newFacilitySchema,
      status: 201,
      answer: facilitySchema,
      idempotent: true,
    },
    async (asked) => {
      const { tx, principal, body, now, audit } = asked;
      const organisationId = await organisationFor(asked, body.organisation_id);
      const wrong = placeProblem(body);
      if (wrong !== null) refuse(400, "invalid", wrong.message, wrong.field);
      await checkTimeZone(asked, body.time_zone);
      const facilityId = randomUUID();
      const made = newFacility(body, { id: facilityId, organisationId });
      if (!(await insertFacility(tx, made)))
        refuse(409, "slug_taken", "another facility has this slug", "slug");
      await audit({
        action: "facility.made",
        subject: `facility:${facilityId}`,
        organisationId,
        facilityId,
        detail: { slug: body.slug },
      });
      await tellChange(tx, facilityId, "facility", { made: true }, now);
      await forgetFacility(asked, facilityId);
      // Whoever made it runs it from now on.
      await asked.forget("people", principal.actorId);
      const nothing = { zones: [], counts: [], gateZones: [], inside: 0 };
      const empty = composeAvailability({ ...nothing, facilityId, capacity: made.capacity });
      return facilityAnswer(made, empty, { now, own: true });
    },
  );
}

async function organisationFor({ tx, principal }: Asked, named: string | undefined): Promise<string> {
  const { role, organisationId } = principal;
  if (role !== "admin") {
    if (organisationId === null || (named !== undefined && named !== organisationId))
      return notFound("organisation");
    return organisationId;
  }
  if (named === undefined) return refuse(400, "invalid", "must say whose it is", "organisation_id");
  return (await organisationExists(tx, named)) ? named : notFound("organisation");
}

async function checkTimeZone({ tx }: Asked, timeZone: string | undefined): Promise<void> {
  if (timeZone !== undefined && !(await knowsTimeZone(tx, timeZone)))
    refuse(400, "invalid", "is not known to the database", "time_zone");
}

function changeCall(api: Api): void {
  api.call(
    {
      method: "patch",
      path: "/api/facilities/{facilityId}/",
      tag,
      summary: "Changes a facility; what is left out stays",
      access: ["admin", "owner"],
      keyScope: "facilities:write",
      params,
      body: facilityChangeSchema,
      answer: facilitySchema,
    },
    async (asked) => {
      const {
        tx,
        principal,
        params: { facilityId },
        body,
        now,
        audit,
      } = asked;
      const before = await openFacility(tx, principal, facilityId);
      const change = changeOf(body);
      const wrong = placeProblem({ ...before, ...change });
      if (wrong !== null) refuse(400, "invalid", wrong.message, wrong.field);
      await checkTimeZone(asked, change.timeZone);
      await updateFacility(tx, facilityId, change);
      await audit({
        action: "facility.changed",
        subject: `facility:${facilityId}`,
        organisationId: before.organisationId,
        facilityId,
        detail: { changed: Object.keys(body) },
      });
      await tellChange(tx, facilityId, "facility", { changed: Object.keys(body) }, now);
      await forgetFacility(asked, facilityId);
      const after = (await readFacilities(tx, [facilityId])).get(facilityId) ?? notFound("facility");
      const counted = (await readCounts(tx, [facilityId])).get(facilityId) ?? notFound("facility");
      return facilityAnswer(after, composeAvailability(counted), { now, own: true });
    },
  );
}

function closeCall(api: Api): void {
  api.call(
    {
      method: "delete",
      path: "/api/facilities/{facilityId}/",
      tag,
      summary: "Closes a facility for good: it is listed no more; what happened there stays",
      access: ["admin", "owner"],
      params,
    },
    async (asked) => {
      const {
        tx,
        principal,
        params: { facilityId },
        now,
        audit,
      } = asked;
      const facility = await ownFacility(tx, principal, facilityId);
      if (facility.closedAt !== null) return;
      // The facility's row, then its spots': as everywhere. Whoever books a spot waits for its row, and finds it closed.
      await updateFacility(tx, facilityId, { closedNow: now, listed: false, bookable: false });
      await closeSpots(tx, facilityId, now);
      if (await hasBookings(tx, facilityId))
        refuse(409, "has_bookings", "there are bookings that are to come or under way");
      const { organisationId } = facility;
      await audit({
        action: "facility.closed",
        subject: `facility:${facilityId}`,
        organisationId,
        facilityId,
      });
      await tellChange(tx, facilityId, "facility", { closed: true }, now);
      await forgetFacility(asked, facilityId);
    },
  );
}
