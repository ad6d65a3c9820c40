import { randomBytes, scryptSync } from "node:crypto";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { tariffViewSchema } from "@parkme/shared/protocol/kiosk-desk";
import { z } from "zod";
import { signIn } from "./cashier.ts";
import type { Headquarters } from "./headquarters.ts";
import { inForce, manifestOf, openLinkedLot, permit, setMode, turnedAway } from "./linked-lot.ts";
import type { Lot } from "./lot.ts";
import { eventually } from "./stage.ts";

/** What headquarters decides and asks for, through a cable to a gate that runs. */

const LONG_MS = 60_000;

describe("what headquarters publishes", () => {
  it(
    "is in force at the gate within seconds, stays in force without the cloud and over a restart, and catches up",
    { timeout: 240_000 },
    async () => {
      const { lot, hq, wire } = await openLinkedLot();
      // Only who holds a right is let in.
      await setMode(lot, "entry", "full");
      await inForce(lot, await hq.publish("permits", "crew", permit("crew", "HHPM100", "HHPM101")));
      await lot.comeIn("HHPM100");
      await inForce(lot, await hq.publish("permits", "crew", null));
      await turnedAway(lot, "HHPM101");

      await hq.publish("tariffs", "summer@1", { id: "summer", version: 1, document: { flat: { price: 7 } } });
      await inForce(lot, await hq.publish("staff", "robin", { name: "robin", pin: pinHash("482913") }));
      const { in_force: priced } = await lot.get("/api/tariff", tariffViewSchema);
      expect(priced).toMatchObject({ version: 1, document: { flat: { price: 7 } } });
      await expect(signIn(lot.url, "robin", "482914"), "a PIN that is wrong").rejects.toThrow("401");
      const robin = await signIn(lot.url, "robin", "482913");
      expect(await robin.ask("GET", "/api/shift")).toMatchObject({ status: 200 });

      // Nothing goes through, and the agent starts anew: what it knew last holds, and the page says how old it is.
      const known = await hq.publish("permits", "boss", permit("boss", "HHPM200"));
      await inForce(lot, known);
      wire.become("cut");
      await hq.publish("permits", "boss", null);
      const newest = await hq.publish("permits", "guest", permit("guest", "HHPM300"));
      await lot.agent().kill();
      await lot.start();
      const { cloud } = await lot.desk.until("its settings", (seen) => manifestOf(seen) === known);
      expect(cloud).toMatchObject({ connected: false, manifest: { version: known } });
      expect(cloud?.manifest?.age_s).toBeGreaterThan(0);
      await lot.comeIn("HHPM200");
      await signIn(lot.url, "robin", "482913");
      await turnedAway(lot, "HHPM300");
      wire.become("whole");
      await inForce(lot, newest);
      await lot.comeIn("HHPM300");

      // Headquarters hears what the gate has taken.
      const seen = z.object({ edge: z.object({ version: z.number(), newest: z.boolean() }) });
      await eventually(
        "headquarters to know it",
        async () => seen.safeParse((await hq.ask("GET", "manifest")).body).data?.edge ?? null,
        (edge) => edge?.newest === true && edge.version === newest,
        LONG_MS,
      );
    },
  );
});

describe("what headquarters asks for", () => {
  it("is done once, in time or not at all, and answered", { timeout: 240_000 }, async () => {
    const { lot, hq, wire } = await openLinkedLot();
    const { entry } = lot;
    const outcome = async (id: string) => {
      const { status, detail } = await hq.answer(id);
      return detail === "" ? status : `${status}: ${detail}`;
    };
    const asked = async (...words: Parameters<Headquarters["command"]>) =>
      await outcome(await hq.command(...words));

    await entry.approach();
    const id = await hq.command("vend", { lane: "entry" });
    await hq.command("vend", { lane: "entry", id });
    await entry.pass();
    expect(await outcome(id)).toBe("done");
    expect(entry.barrier.openings()).toBe(1);
    expect(lot.rows("select lane, actor, reason, idempotency_key as id from vends")).toEqual([
      { lane: "entry", actor: "hq: Headquarters", reason: "the driver called", id },
    ]);

    // It waits in the cable until nobody wants it any more.
    wire.become("stalled");
    const late = await hq.command("vend", { lane: "entry", withinS: 5 });
    await eventually(
      "its deadline to be over",
      () => isOver(hq, late),
      (over) => over,
      LONG_MS,
    );
    wire.become("whole");
    expect(await outcome(late)).toBe("late: it came after its deadline");
    expect(entry.barrier.openings()).toBe(1);

    expect(await asked("hold", { lane: "exit" })).toBe("done");
    await lot.exit.barrier.untilOpen(LONG_MS);
    expect(await asked("release", { lane: "exit" })).toBe("done");
    await lot.exit.barrier.untilClosed(LONG_MS);
    expect(await asked("release", { lane: "exit" })).toBe("refused: nobody holds or has closed this lane");
    expect(await asked("hold", { lane: "exit" })).toBe("done");
    await lot.exit.barrier.untilOpen(LONG_MS);
    expect(await asked("reset", { lane: "exit" })).toBe("done");
    await lot.exit.barrier.untilClosed(LONG_MS);
    expect(await asked("close", { lane: "entry" })).toBe("done");
    await entry.until("its new mode", ({ mode }) => mode === "closed");
    expect(await asked("vend", { lane: "back-yard" })).toBe("refused: there is no lane back-yard");
    expect(await asked("release", { lane: "entry" })).toBe("done");
    await entry.until("its old mode", ({ mode }) => mode === "open");
    expect(await asked("snapshot")).toBe("done");
    expect(await asked("reprint", { ticket: "no ticket" })).toBe("refused: this is no number of a ticket");
  });

  it(
    "is never done again when the agent dies between the act and its answer: nobody knows then",
    { timeout: 240_000 },
    async () => {
      const { lot, hq } = await openLinkedLot();
      await lot.entry.approach();
      // The disk takes the command, and refuses its answer.
      change(
        lot,
        "create trigger no_answer before update on remote_commands begin select raise(abort, 'full'); end",
      );
      const id = await hq.command("vend", { lane: "entry" });
      await lot.entry.barrier.untilOpen(LONG_MS);
      await lot.agent().kill();
      change(lot, "drop trigger no_answer");
      expect(lot.rows("select id, outcome from remote_commands")).toEqual([{ id, outcome: null }]);
      await lot.entry.barrier.driveThrough();
      const started = lot.start();
      expect(await hq.answer(id)).toMatchObject({
        status: "unknown",
        detail: "the agent was stopped while it was being done",
      });
      await hq.command("vend", { lane: "entry", id });
      // Nobody saw it drive through, and the arm stays up: somebody at headquarters looks, and vouches for the lane.
      await lot.entry.until("doubt", ({ state }) => state === "UNKNOWN");
      const reset = await hq.command("reset", { lane: "entry" });
      expect(await hq.answer(reset)).toMatchObject({ status: "done", detail: "" });
      await started;
      expect(lot.entry.barrier.openings()).toBe(1);
      expect(lot.rows("select act, outcome from remote_commands order by received_at")).toEqual([
        { act: "vend", outcome: "unknown" },
        { act: "reset", outcome: "done" },
      ]);
    },
  );
});

function pinHash(pin: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(pin, salt, 32, { N: 2 ** 12, r: 8, p: 1 });
  return `scrypt$12$${salt.toString("base64url")}$${hash.toString("base64url")}`;
}

async function isOver(hq: Headquarters, id: string): Promise<boolean> {
  const [row] = await hq.rows<{ over: boolean }>(
    `select expires_at < now() as over from remote_commands where id = '${id}'`,
  );
  return row?.over === true;
}

/** Behind the agent's back. */
function change({ hardware }: Lot, sql: string): void {
  const db = new Database(join(hardware.folder, "edge", "gate.db"), { fileMustExist: true });
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}
