import { and, eq, gte, lt, sql } from "drizzle-orm";
import type { Now } from "@parkme/shared/domain/clock";
import {
  slotsOf,
  type RightsMove,
  type RightsRequest,
  type SlotRange,
} from "@parkme/shared/domain/capacity-rights";
import {
  answerRequest,
  shortageOf,
  slotsThatCount,
  takenBack,
  type PlaceInSlot,
} from "@parkme/shared/domain/capacity-rights-edge";
import {
  byPlace,
  isClass,
  placesOfClass,
  spacesOf,
  type CloudShare,
  type KeptOptions,
  type Place,
} from "./capacity-kept.ts";
import { viewRights, type PlaceRights } from "./capacity-view.ts";
import { instantOf, type LogWriter } from "./log.ts";
import { capacityRights, rightsTransfers } from "./link-schema.ts";
import type { Occupancy } from "./occupancy.ts";
import type { GateDatabase } from "./open.ts";

export type RightsKeepingOptions = KeptOptions & {
  readonly share: Pick<CloudShare, "link" | "onCloudsRights">;
  readonly occupancy: (wallMs: number) => ReadonlyMap<Place, Occupancy>;
  readonly writeLog: LogWriter;
};

/**
 * What became of an item about rights. `later`: the database was restored and may have forgotten what it gave, so its
 * book is not touched until it has back what the cloud knows; the item must be brought again then.
 */
export type RightsOutcome = "done" | "known" | "nothing" | "later";

/** A class that may run short of rights in a slot. */
export type RightsShortage = SlotRange & { readonly class: string; readonly amount: number };

/** The edge's book of the rights that it gave to the cloud. Times are by the cloud's clock. */
export function rightsKeeping(db: GateDatabase, options: RightsKeepingOptions) {
  const { tree, policy, writeLog } = options;
  const book = bookReader(db, options);
  const write = bookWriter(db, writeLog);
  const { link } = options.share;

  return {
    /** Gives the cloud what can be spared, with the fact of it: all in one transaction. Once for each request. */
    answerRightsRequest: (request: RightsRequest, now: Now): RightsOutcome =>
      db.transaction(
        () => {
          const { cloudMs, restored } = link(now.wallMs);
          if (restored) return "later";
          if (write.isKnown(request.id)) return "known";
          if (!isClass(request.class, tree)) return "nothing";
          const places = book.placesIn(request, now.wallMs);
          const move = answerRequest(request, cloudMs, (slot) => places(request.class, slot), policy);
          if (move === null) return "nothing";
          for (const slot of slotsOf(move)) write.change(move.class, slot, move.amount);
          write.move(move, "to_cloud", now.wallMs);
          return "done";
        },
        { behavior: "immediate" },
      ),
    /** Credits what the cloud has given back, with the fact of it. Once for each movement. */
    takeRightsTransfer: (transfer: RightsMove, now: Now): RightsOutcome =>
      db.transaction(
        () => {
          if (link(now.wallMs).restored) return "later";
          if (write.isKnown(transfer.id)) return "known";
          const amount = takenBack(transfer, (slot) => write.given(transfer.class, slot));
          for (const slot of slotsOf(transfer)) write.change(transfer.class, slot, -amount);
          write.move({ ...transfer, amount }, "from_cloud", now.wallMs);
          return "done";
        },
        { behavior: "immediate" },
      ),
    /** The classes that have given so much that drive-ins may soon be turned away. */
    rightsShortages: (now: Now): readonly RightsShortage[] => {
      const { cloudMs, restored } = link(now.wallMs);
      if (restored) return [];
      const [slot, next] = slotsThatCount(cloudMs);
      const range = { fromMs: slot, untilMs: next + (next - slot) };
      const places = book.placesIn(range, now.wallMs);
      return book.givenIn(range).flatMap(({ class: name, slotAt: fromMs, given }) => {
        const missing = Math.max(0, ...places(name, fromMs).map((place) => shortageOf(place, policy)));
        const amount = Math.min(given, missing);
        return amount > 0 ? [{ class: name, fromMs, untilMs: fromMs + (next - slot), amount }] : [];
      });
    },
    /** Asks the cloud for what it has not sold. */
    wantRights: (wanted: RightsMove, now: Now): void => {
      const { id: request_id, class: name, amount } = wanted;
      const times = {
        from: instantOf(wanted.fromMs),
        until: instantOf(wanted.untilMs),
        at: instantOf(now.wallMs),
      };
      writeLog({ kind: "rights.wanted", payload: { request_id, class: name, amount, ...times } }, now.wallMs);
    },
    rightsView: (now: Now): readonly PlaceRights[] => viewRights(db, options, book, now.wallMs),
  };
}

function bookReader(db: GateDatabase, options: RightsKeepingOptions) {
  const { tree, occupancy } = options;
  const { onCloudsRights } = options.share;

  /** Vehicles inside, and those admitted, that are there on no reservation's time; by place. */
  function driveIns(wallMs: number): ReadonlyMap<Place, number> {
    const reserved = onCloudsRights(wallMs);
    return new Map(
      [...occupancy(wallMs)].map(([place, { inside, admitted }]) => [
        place,
        Math.max(0, inside + admitted - (reserved.get(place) ?? 0)),
      ]),
    );
  }

  const givenIn = ({ fromMs, untilMs }: SlotRange) =>
    db
      .select()
      .from(capacityRights)
      .where(
        and(
          gte(capacityRights.slotAt, fromMs),
          lt(capacityRights.slotAt, untilMs),
          sql`${capacityRights.given} > 0`,
        ),
      )
      .orderBy(capacityRights.slotAt, capacityRights.class)
      .all();

  /** How the places of a class stand in the slots of a range. */
  function placesIn(
    range: SlotRange,
    wallMs: number,
  ): (name: string, slot: number) => readonly PlaceInSlot[] {
    const bySlot = new Map<number, (typeof capacityRights.$inferSelect)[]>();
    for (const row of givenIn(range)) bySlot.set(row.slotAt, [...(bySlot.get(row.slotAt) ?? []), row]);
    const vehicles = driveIns(wallMs);
    return (name, slot) => {
      const given = byPlace(
        bySlot.get(slot) ?? [],
        (row) => placesOfClass(row.class, tree),
        (row) => row.given,
      );
      return placesOfClass(name, tree).flatMap((place) => {
        const capacity = spacesOf(place, options);
        if (capacity === null) return [];
        return [{ capacity, given: given.get(place) ?? 0, driveIns: vehicles.get(place) ?? 0 }];
      });
    };
  }

  return { givenIn, driveIns, placesIn };
}

function bookWriter(db: GateDatabase, writeLog: LogWriter) {
  const read = db
    .select({ given: capacityRights.given })
    .from(capacityRights)
    .where(
      and(
        eq(capacityRights.slotAt, sql.placeholder("slot")),
        eq(capacityRights.class, sql.placeholder("class")),
      ),
    )
    .prepare();
  const set = db
    .insert(capacityRights)
    .values({
      class: sql.placeholder("class"),
      slotAt: sql.placeholder("slot"),
      given: sql.placeholder("given"),
    })
    .onConflictDoUpdate({
      target: [capacityRights.slotAt, capacityRights.class],
      set: { given: sql`excluded.given` },
    })
    .prepare();
  const given = (name: string, slot: number): number => read.get({ slot, class: name })?.given ?? 0;
  return {
    isKnown: (id: string): boolean =>
      db.select({ id: rightsTransfers.id }).from(rightsTransfers).where(eq(rightsTransfers.id, id)).get() !==
      undefined,
    given,
    change: (name: string, slot: number, by: number): void => {
      if (by !== 0) set.run({ slot, class: name, given: given(name, slot) + by });
    },
    move: (move: RightsMove, direction: "to_cloud" | "from_cloud", at: number): void => {
      const { id, class: name, fromMs, untilMs, amount } = move;
      db.insert(rightsTransfers)
        .values({ id, direction, class: name, fromAt: fromMs, untilAt: untilMs, amount, at })
        .run();
      const payload = {
        transfer_id: id,
        class: name,
        from: instantOf(fromMs),
        until: instantOf(untilMs),
        amount,
        at: instantOf(at),
      };
      writeLog({ kind: direction === "to_cloud" ? "rights.given" : "rights.taken", payload }, at);
    },
  };
}
