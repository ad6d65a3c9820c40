import type { Db } from "../../../cloud-api/db/connection.ts";
import { BOOK_FIELDS, BOOK_SUBJECTS, type BookSubject } from "../checker/books.ts";
import type { CloudRows } from "../checker/cloud-rows.ts";
import type { Site } from "./facility-rows.ts";

/** Reads in one question what headquarters has of a facility; each subject has the table of its name. */
export async function readCloudRows(
  { $client: pool }: Db,
  { facilityId, edgeId }: Site,
): Promise<Omit<CloudRows, "wrongAnswers">> {
  const { rows } = await pool.query<{ all: Omit<CloudRows, "wrongAnswers"> }>(TEXT, [facilityId, edgeId]);
  const [row] = rows;
  if (row === undefined) throw new Error("the cloud's rows cannot be read");
  return row.all;
}

/** Times are kept to the microsecond; edges have milliseconds. */
function ms(column: string): string {
  return `floor(extract(epoch from ${column}) * 1000)::float8`;
}

function field(name: string): string {
  const isTime = name === "at" || name.endsWith("_at");
  return isTime ? `${ms(name)} as ${name}` : name;
}

function list(select: string): string {
  return `(select coalesce(json_agg(r), '[]'::json) from (${select}) r)`;
}

function book(subject: BookSubject): string {
  const [id] = BOOK_FIELDS[subject];
  const fields = BOOK_FIELDS[subject].map(field).join(", ");
  return list(`select ${fields} from ${subject} where facility_id = $1 order by ${id}`);
}

const LISTS = {
  notApplied: `select seq, kind, outcome, coalesce(error, '') as error from edge_events
    where edge_id = $2 and outcome <> 'applied' order by seq`,
  forks: "select seq, hash from edge_forks where edge_id = $2 order by seq, hash",
  incidents: `select kind, detail, count from sync_incidents
    where facility_id = $1 order by at, kind, detail`,
  rights: `select class, ${ms("slot")} as "slotMs", held, sold, owed from capacity_rights
    where facility_id = $1 order by class, slot`,
  transfers: `select id, case direction when 'from_edge' then 'to_cloud' else 'from_cloud' end as direction, class,
      ${ms('"from"')} as "fromMs", ${ms("until")} as "untilMs", amount
    from rights_transfers where facility_id = $1 order by at, id`,
  commands: `select id, act, ${ms("issued_at")} as "issuedAtMs", ${ms("expires_at")} as "expiresAtMs", outcome,
      ${ms("answered_at")} as "answeredAtMs"
    from remote_commands where facility_id = $1 order by issued_at, id`,
} as const satisfies Partial<Record<keyof CloudRows, string>>;

const TEXT = `select json_build_object(
  'books', json_build_object(${BOOK_SUBJECTS.map((subject) => `'${subject}', ${book(subject)}`).join(",\n")}),
  'inside', (select inside from facilities where id = $1),
  ${Object.entries(LISTS)
    .map(([name, select]) => `'${name}', ${list(select)}`)
    .join(",\n")}) as all`;
