import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Clock } from "@parkme/shared/domain/clock";
import { runsFacility, type Principal } from "../accounts/principal.ts";
import type { Db, Tx } from "../db/connection.ts";
import { inScope } from "../db/tenancy.ts";
import type { AppEnv } from "../http.ts";
import type { Api } from "../platform/api.ts";
import { id } from "../platform/fields.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import type { Ask } from "./ask.ts";
import { csvOf } from "./csv.ts";
import { exceptionsReport } from "./exceptions-report.ts";
import { revenueReport, shiftsReport } from "./money-reports.ts";
import type { PdfMaker } from "./pdf-maker.ts";
import { countDays } from "./range.ts";
import { fromOneMoment, readFacilities, type ReportedFacility } from "./spans.queries.ts";
import { REPORTS, TITLES, type ReportName, type Table } from "./table.ts";
import { lengthReport, occupancyReport, turnoverReport } from "./traffic-reports.ts";

type ReportDeps = {
  readonly db: Db;
  /** A copy of the database that only reports read; left out: `db`. */
  readonly replica?: Db | undefined;
  readonly clock: Clock;
  readonly pdfs: PdfMaker;
};

const TAG = "reports";
const READERS = ["admin", "owner", "staff"] as const;

/** Of one report. */
const MAX_DAYS = 366;
const MAX_FACILITIES = 200;
/** Hours, days or classes of all of its facilities. */
const MAX_LINES = 20_000;
/** Of what is listed one by one. */
const MAX_LISTED = 5_000;

const date = z.iso
  .date()
  .refine((text) => text >= "1990" && text < "2200", "must be of the years 1990 to 2199");
const query = z.strictObject({
  /** Days of the facility's own clocks; both are part of the report. */
  from: date,
  until: date,
  format: z.enum(["json", "csv", "pdf"]).default("json"),
  /** Of revenue: payments by method, or fees by the tariff's rule. */
  by: z.enum(["method", "rule"]).default("method"),
});
type Query = z.output<typeof query>;

const cell = z.union([z.string(), z.number(), z.null()]);
const answer = z
  .object({
    report: z.enum(REPORTS),
    facilities: z.array(
      z.object({ id: z.uuid(), name: z.string(), time_zone: z.string(), currency: z.string() }),
    ),
    from: z.iso.date(),
    until: z.iso.date(),
    columns: z.array(z.object({ key: z.string(), label: z.string(), kind: z.string() })),
    rows: z.array(z.record(z.string(), cell)),
    summary: z.array(
      z.object({
        label: z.string(),
        facility: z.string().nullable(),
        value: cell,
        unit: z.string().nullable(),
      }),
    ),
    /** There was more than a report has. */
    truncated: z.boolean(),
  })
  .openapi("Report");

const DESCRIPTION =
  "JSON, CSV (RFC 4180) or PDF. Days are those of the facility's clocks, of 23 to 25 hours. revenue: money by day, purpose, method and currency, or fees by the tariff's rule; occupancy: who is inside, by hour; length_of_stay; turnover: by day; exceptions: what a person should look at; shifts: drawers and their variances.";

/** `/api/facilities/{facilityId}/reports/{report}/` of one facility, `/api/reports/{report}/` of all that one runs. */
export function reportCalls(api: Api, deps: ReportDeps): void {
  api.bare(
    {
      method: "get",
      path: "/api/facilities/{facilityId}/reports/{report}/",
      tag: TAG,
      summary: "A report of a facility",
      description: DESCRIPTION,
      access: READERS,
      keyScope: "reports:read",
      params: z.object({ facilityId: id, report: z.enum(REPORTS) }),
      query,
      answer,
    },
    async ({ c, principal, params: { facilityId, report }, query: asked, now }) => {
      if (!runsFacility(principal, facilityId)) notFound("facility");
      return await respond(c, deps, principal, { report, asked, now, ids: [facilityId], several: false });
    },
  );

  api.bare(
    {
      method: "get",
      path: "/api/reports/{report}/",
      tag: TAG,
      summary: "A report of all facilities that one runs, each by its own clocks",
      description: DESCRIPTION,
      access: READERS,
      keyScope: "reports:read",
      params: z.object({ report: z.enum(REPORTS) }),
      query: query.extend({
        /** For admins, who run all; left out: those that are open. */
        organisation_id: id.optional(),
      }),
      answer,
    },
    async ({ c, principal, params: { report }, query: { organisation_id, ...asked }, now }) => {
      const others = principal.role !== "admin" && organisation_id !== principal.organisationId;
      if (organisation_id !== undefined && others) notFound("organisation");
      const ids = principal.role === "admin" ? null : principal.facilityIds;
      const organisationId = organisation_id ?? null;
      return await respond(c, deps, principal, { report, asked, now, ids, organisationId, several: true });
    },
  );
}

type Wanted = {
  readonly report: ReportName;
  readonly asked: Query;
  readonly now: Date;
  /** Null = all of `organisationId`, or of everybody. */
  readonly ids: readonly string[] | null;
  readonly organisationId?: string | null;
  readonly several: boolean;
};

async function respond(
  c: Context<AppEnv>,
  { db, replica, pdfs }: ReportDeps,
  principal: Principal,
  wanted: Wanted,
): Promise<z.input<typeof answer> | Response> {
  const { report, asked, several } = wanted;
  const days = countDays(asked.from, asked.until);
  if (days < 1) refuse(400, "invalid", "must not be before `from`", "until");
  if (days > MAX_DAYS) refuse(400, "range_too_long", `a report has ${MAX_DAYS} days at most`, "until");
  const { facilities, table } = await inScope(replica ?? db, principal, async (tx) => {
    await fromOneMoment(tx);
    const found = await facilitiesOf(tx, wanted);
    if (!several && found.length === 0) notFound("facility");
    if (found.length * days * (report === "occupancy" ? 25 : 1) > MAX_LINES)
      refuse(400, "range_too_long", "that is too much for one report: ask for fewer days", "until");
    return { facilities: found, table: await tableOf(tx, wanted, found) };
  });
  c.header("cache-control", "private, no-store");
  if (asked.format === "csv") {
    return c.body(csvOf(table.columns, table.rows), 200, {
      "content-type": "text/csv; charset=utf-8; header=present",
      "content-disposition": attachment(wanted, facilities, "csv"),
    });
  }
  if (asked.format === "pdf") {
    const pdf = await pdfs.make({ ...headOf(wanted, facilities), table });
    if (!pdf.ok) return refuse(503, pdf.error.code, pdf.error.message);
    return c.body(new Uint8Array(pdf.value), 200, {
      "content-type": "application/pdf",
      "content-disposition": attachment(wanted, facilities, "pdf"),
    });
  }
  return {
    report,
    facilities: facilities.map((one) => ({
      id: one.id,
      name: one.name,
      time_zone: one.timeZone,
      currency: one.currency,
    })),
    from: asked.from,
    until: asked.until,
    columns: [...table.columns],
    rows: [...table.rows],
    summary: [...table.summary],
    truncated: table.truncated,
  };
}

async function facilitiesOf(
  tx: Tx,
  { ids, organisationId = null, several }: Wanted,
): Promise<ReportedFacility[]> {
  const which = ids === null ? { organisationId } : { ids };
  const found = await readFacilities(tx, which, MAX_FACILITIES + 1);
  if (several && found.length > MAX_FACILITIES)
    refuse(400, "too_many_facilities", `a report has ${MAX_FACILITIES} facilities at most`);
  return found;
}

async function tableOf(
  tx: Tx,
  { report, asked: { from, until, by }, now, several }: Wanted,
  facilities: readonly ReportedFacility[],
): Promise<Table> {
  const ask: Ask = { facilities, from, until, by, several, now };
  switch (report) {
    case "revenue":
      return await revenueReport(tx, ask);
    case "occupancy":
      return await occupancyReport(tx, ask);
    case "length_of_stay":
      return await lengthReport(tx, ask);
    case "turnover":
      return await turnoverReport(tx, ask);
    case "exceptions":
      return await exceptionsReport(tx, ask, MAX_LISTED);
    case "shifts":
      return await shiftsReport(tx, ask, MAX_LISTED);
    default:
      return report satisfies never;
  }
}

function headOf({ report, asked, now, several }: Wanted, facilities: readonly ReportedFacility[]) {
  const [one] = facilities;
  const zones = [...new Set(facilities.map(({ timeZone }) => timeZone))];
  return {
    title: TITLES[report],
    subject: several || one === undefined ? `${facilities.length} facilities` : one.name,
    range: asked.from === asked.until ? asked.from : `${asked.from} to ${asked.until}`,
    clocks: zones.length === 1 ? `Times of ${zones[0] ?? ""}` : "Times of each facility's own clocks",
    madeAt: now.toISOString(),
  };
}

/** A name of ASCII, for every browser and disk. */
function attachment(
  { report, asked, several }: Wanted,
  facilities: readonly ReportedFacility[],
  end: string,
) {
  const slug = several ? "all" : (facilities[0]?.slug ?? "facility").replaceAll(/[^\w-]/g, "_").slice(0, 60);
  return `attachment; filename="${report}-${slug}-${asked.from}-${asked.until}.${end}"`;
}
