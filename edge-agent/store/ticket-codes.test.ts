import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { JobId } from "@parkme/shared/domain/ids";
import { eq } from "drizzle-orm";
import { afterAll, describe, expect, it } from "vitest";
import { spentCodes } from "./money-schema.ts";
import { tickets } from "./schema.ts";
import { newFolder, newMint, openStore, recordsOf, START_MS, turn } from "./testing/gate-db.ts";
import { ticketCodeQueries } from "./ticket-codes.ts";

const folder = newFolder();
afterAll(() => folder.remove());

describe("what the store knows of a code", () => {
  it("is whether a ticket is live, void or spent", () => {
    const mint = newMint();
    const { db, store } = openStore(folder.path("gate.db"), mint);
    const queries = ticketCodeQueries(db);
    const make = recordsOf(mint);
    const [leaver, backer] = [make.stay("B-PM 1"), make.stay(null)];
    expect(queries.ticketState(leaver.ticketNumber)).toBe("unknown");
    store.commit(turn([make.started(leaver), make.started(backer)]));
    expect(queries.ticketState(leaver.ticketNumber)).toBe("live");
    store.commit(turn([make.moved("in", leaver.stayId), make.voided(backer.stayId)]));
    expect(queries.ticketState(leaver.ticketNumber)).toBe("live");
    expect(queries.ticketState(backer.ticketNumber)).toBe("void");
    store.commit(turn([make.moved("out", leaver.stayId)], { lane: "exit" }));
    expect(queries.ticketState(leaver.ticketNumber)).toBe("spent");
    store.close();
  });

  it("is whether a lost ticket was replaced, and how often a ticket was copied", () => {
    const mint = newMint();
    const { db, store } = openStore(folder.path("copies.db"), mint);
    const queries = ticketCodeQueries(db);
    const make = recordsOf(mint);
    const { stayId, ticketNumber } = make.stay(null);
    const print = (step: "begun" | "printed" | "failed"): GateRecord => ({
      type: "ticket",
      jobId: mint.next<JobId>(START_MS),
      stayId,
      step,
      detail: "",
    });
    const stay = { ...make.stay(null), stayId, ticketNumber };
    store.commit(turn([make.started(stay), print("begun"), print("printed")]));
    expect(queries.ticketPrints(stayId)).toBe(0);
    store.commit(turn([print("begun"), print("failed"), print("printed")], { lane: "desk" }));
    expect(queries.ticketPrints(stayId)).toBe(1);
    db.update(tickets).set({ replacedBy: "PKM-00000000" }).where(eq(tickets.number, ticketNumber)).run();
    expect(queries.ticketState(ticketNumber)).toBe("void");
    store.close();
  });

  it("is whether a code that is good for once was used", () => {
    const { db, store } = openStore(folder.path("codes.db"));
    const queries = ticketCodeQueries(db);
    db.insert(spentCodes).values({ code: "VAL-1", kind: "validation", at: START_MS, place: "exit" }).run();
    expect(queries.isSpent("VAL-1")).toBe(true);
    expect(queries.isSpent("VAL-2")).toBe(false);
    store.close();
  });
});
