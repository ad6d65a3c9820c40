import { and, count, eq, ne, sql, type SQL } from "drizzle-orm";
import type { Credential } from "@parkme/shared/domain/credential";
import type { StayId } from "@parkme/shared/domain/ids";
import type { RightKind } from "@parkme/shared/domain/stay";
import type { GateDatabase } from "./open.ts";
import { listedPlates, lists, rightKeys, rights } from "./list-schema.ts";
import { stays } from "./schema.ts";
import { MAY_BE_INSIDE } from "./statements.ts";

/** The list in force; null while there is none. */
export const CURRENT_LIST = sql`(select max(${lists.id}) from ${lists} where ${lists.complete} = 1)`;
/** The longest time that a reservation of the list in force holds a space. */
export const LONGEST_HOLD_MS = sql`(select ${lists.longestHoldMs} from ${lists} where ${lists.complete} = 1 order by ${lists.id} desc limit 1)`;

/** A permit or reservation that something shown belongs to, and how far it is used up. */
export type RightRow = {
  readonly kind: RightKind;
  readonly id: string;
  readonly validFromMs: number;
  readonly validUntilMs: number;
  /** How many vehicles it lets in, and how many others it has let in already. */
  readonly limit: number;
  readonly uses: number;
  /** Its quota, and how many others are inside under rights of this quota. */
  readonly zone: string | null;
  readonly zoneUses: number;
};

/** What somebody shows: read from the vehicle, from a card, or from a screen or a slip of paper. */
export type RightKey = {
  readonly medium: "plate" | Exclude<Credential["kind"], "ticket">;
  readonly text: string;
};

/** Which lists are in force, and since when. */
export type ListsInForce = {
  readonly version: string;
  readonly asOfMs: number;
  readonly importedAtMs: number;
  readonly permits: number;
  readonly reservations: number;
  readonly blocked: number;
  readonly watched: number;
};

/** More rights than this have nobody's plate. */
const MAX_RIGHTS = 10;

/** What lanes ask of the lists. */
export function listQueries(db: GateDatabase) {
  const byKey = rightsByKey(db);
  const listed = db
    .select({ kind: listedPlates.kind })
    .from(listedPlates)
    .where(and(eq(listedPlates.listId, CURRENT_LIST), eq(listedPlates.plate, sql.placeholder("plate"))))
    .prepare();
  const inForce = db.select().from(lists).where(eq(lists.id, CURRENT_LIST)).prepare();
  const uses = createUses(db);
  return {
    /**
     * The rights that a plate, a card or a code belongs to, at most ten: first those that hold now.
     *
     * @param except a stay that does not count as a use: it is the one in question.
     */
    rightsFor: ({ medium, text }: RightKey, wallMs: number, except: StayId | null): RightRow[] =>
      byKey.all({ medium, text, now: wallMs }).map(({ right }) => ({
        kind: right.kind,
        id: right.id,
        validFromMs: right.validFrom,
        validUntilMs: right.validUntil,
        limit: right.spaces ?? 1,
        uses: uses.of(right, except),
        zone: right.zone,
        zoneUses: right.kind === "permit" && right.zone !== null ? uses.ofZone(right.zone, except) : 0,
      })),
    /** Whether a plate is on the list of those that are kept out, or of those that are watched for. */
    listed: (plate: string): "blocked" | "watched" | null => {
      const kinds = listed.all({ plate }).map(({ kind }) => kind);
      return kinds.includes("blocked") ? "blocked" : (kinds[0] ?? null);
    },
    /** The lists in force and how old they are; null when there never were any. */
    listsAsOf: (): ListsInForce | null => {
      const row = inForce.get();
      if (row === undefined) return null;
      const {
        version,
        asOf: asOfMs,
        importedAt: importedAtMs,
        permits,
        reservations,
        blocked,
        watched,
      } = row;
      return { version, asOfMs, importedAtMs, permits, reservations, blocked, watched };
    },
  };
}

function rightsByKey(db: GateDatabase) {
  const now = sql.placeholder("now");
  const itsKey = and(
    eq(rights.listId, rightKeys.listId),
    eq(rights.kind, rightKeys.kind),
    eq(rights.id, rightKeys.rightId),
  );
  return (
    db
      .select({ right: rights })
      .from(rightKeys)
      .innerJoin(rights, itsKey)
      .where(
        and(
          eq(rightKeys.listId, CURRENT_LIST),
          eq(rightKeys.text, sql.placeholder("text")),
          eq(rightKeys.medium, sql.placeholder("medium")),
        ),
      )
      // Those that hold now come first, then those that will or did, the nearest first.
      .orderBy(
        sql`${rights.validFrom} > ${now} or ${rights.validUntil} <= ${now}`,
        sql`abs(${rights.validFrom} - ${now})`,
        rights.kind,
        rights.id,
      )
      .limit(MAX_RIGHTS)
      .prepare()
  );
}

/** How many vehicles came in under a right, a stay in question aside. */
function createUses(db: GateDatabase) {
  const except = sql.placeholder("except");
  const id = sql.placeholder("id");
  // A stay whose vehicle came in again since, and one from before a reset of anti-passback, use nothing up.
  const inUse = sql`${MAY_BE_INSIDE} and ${stays.review} is not 'missed_exit' and ${stays.review} is not 'passage_unproven' and ${stays.neutral} = 0 and ${stays.id} <> ${except}`;
  const permits = (which: SQL) =>
    db
      .select({ n: count() })
      .from(stays)
      .where(and(which, sql`${stays.rightKind} = 'permit'`, inUse))
      .prepare();
  const permit = permits(eq(stays.rightId, id));
  const account = permits(eq(stays.rightAccount, sql.placeholder("account")));
  const zone = permits(eq(stays.rightZone, sql.placeholder("zone")));
  const reservation = db
    .select({ n: count() })
    .from(stays)
    .where(
      and(
        eq(stays.rightId, id),
        sql`${stays.rightKind} = 'reservation' and ${stays.status} <> 'void'`,
        ne(stays.id, except),
      ),
    )
    .prepare();
  return {
    of: (right: typeof rights.$inferSelect, stayId: StayId | null): number => {
      const excepted = stayId ?? "";
      if (right.kind === "reservation") return reservation.get({ id: right.id, except: excepted })?.n ?? 0;
      const { account: whose } = right;
      if (right.spaces === null || whose === null)
        return permit.get({ id: right.id, except: excepted })?.n ?? 0;
      return account.get({ account: whose, except: excepted })?.n ?? 0;
    },
    ofZone: (name: string, stayId: StayId | null): number =>
      zone.get({ zone: name, except: stayId ?? "" })?.n ?? 0,
  };
}
