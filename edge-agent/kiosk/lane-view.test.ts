import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HOLD_CAUSES, type StayInHand } from "@parkme/shared/domain/gate-record";
import { asId, type AttemptId, type JobId, type StayId, type TicketNumber } from "@parkme/shared/domain/ids";
import { LANE_STATES } from "@parkme/shared/domain/lane";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import { laneViewSchema, type LaneView } from "@parkme/shared/protocol/kiosk";
import type { DeviceState } from "../gate/roster.ts";
import type { Attempt, Lane } from "../lanes/machine/model.ts";
import { laneView } from "./lane-view.ts";
import { startKiosk, type Kiosk } from "./testing/kiosk.ts";

let kiosk: Kiosk;
beforeEach(async () => {
  kiosk = await startKiosk();
});
afterEach(() => kiosk.stop());

const ATTEMPT: Attempt = {
  attemptId: asId<AttemptId>("019ab3c4-0000-7000-8000-000000000001"),
  stayId: asId<StayId>("019ab3c4-0000-7000-8000-000000000002"),
  amountMinor: 1_200,
  phase: "asked",
  receipt: null,
  released: false,
};

/** The exit as it would be seen if its lane had changed so. */
function seen(changes: Partial<Lane>, devices: readonly DeviceState[] = []): LaneView {
  const exit = kiosk.gate.lanes.get("exit");
  if (exit === undefined) throw new Error("no exit");
  const lane: Lane = { ...exit.runner.lane(), state: "IDLE", trouble: null, ...changes };
  const view = laneView({ ...exit, runner: { ...exit.runner, lane: () => lane } }, devices);
  return laneViewSchema.parse(JSON.parse(JSON.stringify(view)));
}
const camera = (name: string, ok: boolean): DeviceState => ({
  name,
  kind: "camera",
  driver: "hikvision",
  ok,
  reason: ok ? "" : "no picture since 11:03",
});

describe("a lane's health", () => {
  it("is by its state: who must not be relied on says so", () => {
    const by = (health: string) => LANE_STATES.filter((state) => seen({ state }).health === health);
    expect(by("out_of_order")).toEqual(["UNKNOWN", "STOPPED", "FAULT"]);
    expect(by("degraded")).toEqual(["DEGRADED"]);
  });

  it("suffers from its own faulty devices, and from no other lane's", () => {
    expect(seen({}, [camera("exit-cam", false)])).toMatchObject({
      health: "degraded",
      troubles: ["Camera exit-cam: no picture since 11:03"],
    });
    expect(seen({}, [camera("entry-cam", false), camera("exit-cam", true)])).toMatchObject({
      health: "ok",
      troubles: [],
    });
    expect(seen({ state: "FAULT" }, [camera("exit-cam", false)]).health).toBe("out_of_order");
  });

  it("suffers from what the lane itself complains of", () => {
    expect(seen({ trouble: "Vehicle under the arm", state: "PASSING" })).toMatchObject({
      health: "degraded",
      troubles: ["Vehicle under the arm"],
    });
    expect(seen({ alarms: ["output_mismatch"] })).toMatchObject({
      health: "degraded",
      troubles: ["A relay is not as it was commanded"],
    });
    expect(seen({ alarms: ["printer"] }).health).toBe("degraded");
    expect(seen({ alarms: ["paper_low"] }).health).toBe("ok");
  });

  it("is not that an arm is held open, but for want of sensors or disk", () => {
    const trouble = "Held open: queue to the street";
    const degraded = HOLD_CAUSES.filter(
      (heldBy) => seen({ state: "HELD_OPEN", heldBy, trouble }).health === "degraded",
    );
    expect(degraded).toEqual(["policy"]);
    expect(seen({ state: "HELD_OPEN", heldBy: "operator", trouble }).troubles).toEqual([trouble]);
  });
});

describe("a lane on view", () => {
  it("tells how it is run and which way it goes", () => {
    expect(seen({ direction: "entry", turnTo: "exit", mode: "full", heldBy: "fire" })).toMatchObject({
      kind: "exit",
      direction: "entry",
      turn_to: "exit",
      mode: "full",
      held_by: "fire",
    });
  });

  it("shows switches that are wired, and only those", () => {
    expect(seen({}).inputs).toMatchObject({ fire: "unknown", stop: "absent", button: "absent" });
  });

  it("tells of a ticket that is printed or waits to be taken", () => {
    const jobId = asId<JobId>("019ab3c4-0000-7000-8000-000000000003");
    expect(seen({ ticket: null }).ticket).toBeNull();
    expect(seen({ ticket: { jobId, printed: false } }).ticket).toBe("printing");
    expect(seen({ ticket: { jobId, printed: true } }).ticket).toBe("to_take");
  });

  it("tells how a card payment stands, and of those that were left open", () => {
    expect(seen({ attempt: null }).card).toBeNull();
    expect(seen({ attempt: ATTEMPT }).card).toEqual({ status: "under_way", amount_minor: 1_200 });
    expect(seen({ attempt: { ...ATTEMPT, phase: "aborting" } }).card?.status).toBe("stopping");
    expect(seen({ attempt: { ...ATTEMPT, phase: "unknown" } }).card?.status).toBe("in_doubt");
    expect(seen({ attempt: { ...ATTEMPT, phase: "reversing" } }).card?.status).toBe("giving_back");
    expect(seen({ abandoned: [ATTEMPT] })).toMatchObject({ card: null, cards_left_open: 1 });
  });

  it("asks for a fee only while it is due or in doubt, and never for what a right covers", () => {
    const quote = plainQuote(1_200, {
      durationMinutes: 61,
      trace: [{ text: "Flat Rate: 12.00 EUR", amountMinor: 1_200 }],
    });
    const stay: StayInHand = {
      stayId: ATTEMPT.stayId,
      ticketNumber: "PKM-00000000" as TicketNumber,
      plate: "BAB1234",
      entryWallMs: Date.now(),
      status: "open",
      right: { kind: "permit", id: "p1" },
      due: { quote, amountMinor: 1_200 },
    };
    const asking = LANE_STATES.filter((state) => seen({ state, stay }).stay?.fee != null);
    expect(asking).toEqual(["PAYING", "PAY_UNKNOWN"]);
    expect(seen({ state: "PAYING", stay }).stay).toMatchObject({
      right: "permit",
      plate: "BAB1234",
      fee: { amount_minor: 1_200, duration_minutes: 61, trace: ["Flat Rate: 12.00 EUR"] },
    });
    const covered = { ...stay, due: { quote: null, amountMinor: 0 } };
    expect(seen({ state: "PAYING", stay: covered }).stay?.fee).toBeNull();
  });
});
