import { asId, type StayId } from "@parkme/shared/domain/ids";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import { loseTicket } from "../../../edge-agent/desk/amendments.ts";
import { vouchFor } from "../../../edge-agent/desk/vouching.ts";
import { laneView } from "../../../edge-agent/kiosk/lane-view.ts";
import type { Reply } from "../../../edge-agent/lanes/machine/model.ts";
import type { Random } from "../../traffic/random.ts";
import { roundUpToNote } from "../../attendant/duties.ts";
import type { Machine, Running } from "../edge/machine.ts";
import type { Hands, Sight } from "../hands.ts";
import type { Tell } from "../journal.ts";
import type { LanePlan, SitePlan, Visit } from "../schedule.ts";
import type { Drawers } from "./drawers.ts";
import type { Drivers } from "./drivers.ts";
import { uuidOf } from "./uuid.ts";

export type AttendantParts = {
  readonly site: SitePlan;
  readonly machine: Machine;
  readonly drivers: Drivers;
  readonly drawers: Drawers;
  readonly sight: Sight;
  readonly hands: (lane: string) => Hands;
  readonly random: Random;
  readonly nowMs: () => number;
  readonly tell: Tell;
};

/** Money in the hand of an attendant whose gate did not answer: whether it was booked is seen when it is back. */
type Pending = {
  readonly key: string;
  readonly lane: string;
  readonly visit: Visit;
  readonly actor: string;
  readonly tenderedMinor: number;
};

/** A lane's trouble is looked at once in so long, until it is over. */
const TRY_AGAIN_MS = 8_000;
/** What a card came to is asked for by hand only when the terminal had its time. */
const DOUBT_MS = 45_000;
/** In these a lane does nothing for a vehicle by itself. */
const HELPLESS: ReadonlySet<LaneView["state"]> = new Set<LaneView["state"]>([
  "IDLE",
  "DEGRADED",
  "UNKNOWN",
  "FAULT",
  "STOPPED",
]);
const LOOKED = "looked at the lane, nothing under the arm";

/**
 * Who helps at the lanes. They see what the kiosk shows and what stands there, take money, look for stays by the plate that
 * they read with their own eyes, vouch for what a terminal's journal says, and open the arm by word when nothing else is left.
 */
export function createAttendants(parts: AttendantParts) {
  const { site, machine, sight, nowMs, tell, drawers } = parts;
  let onDuty = 0;
  let pending: Pending | null = null;
  const triedMs = new Map<string, number>();
  const triedShort = new Set<number>();

  const actor = (): string => site.attendants[onDuty % site.attendants.length] ?? "alex";

  function help(plan: LanePlan): void {
    const { name } = plan;
    const standing = sight.atLine(name);
    const waitedMs = standing === null ? 0 : nowMs() - standing.sinceMs;
    if (nowMs() - (triedMs.get(name) ?? -Infinity) < TRY_AGAIN_MS) return;
    const isHelped =
      plan.direction === "exit" && standing !== null && waitedMs >= site.helpMs && !sight.isOpen(name);
    const seen = machine.act((running) =>
      isHelped || mayWantWord(running, name) ? viewOf(running, name) : null,
    );
    if (seen === null) return;
    const act = dutyOf(plan, seen, standing?.visit ?? null, waitedMs);
    if (act === null) return;
    triedMs.set(name, nowMs());
    act();
  }

  /** What there is to do at a lane now; null = nothing. */
  function dutyOf(
    { name, direction }: LanePlan,
    view: LaneView,
    visitId: number | null,
    waitedMs: number,
  ): (() => void) | null {
    if (wantsWord(view) && sight.isClear(name)) return () => reset(name);
    if (visitId === null || sight.isOpen(name) || waitedMs < site.helpMs || direction === "entry")
      return null;
    const visit = parts.drivers.visit(visitId);
    const { state } = view;
    if (state === "PAYING") return () => takeCash(name, view, visit);
    if (state === "PAY_UNKNOWN") return waitedMs < site.helpMs + DOUBT_MS ? null : () => vouch(name, view);
    if (state === "DENIED" || state === "ARMED") return () => identify(name, view, visit);
    return HELPLESS.has(state) ? () => openByWord(name, view, visit) : null;
  }

  function takeCash(lane: string, view: LaneView, visit: Visit): void {
    if (view.stay === null || view.stay.fee === null || pending !== null) return;
    const stayId = asId<StayId>(view.stay.stay_id);
    const amountMinor = view.stay.fee.amount_minor;
    const by = actor();
    if (visit.habits.paysShort && amountMinor > 1 && !triedShort.has(visit.id)) {
      triedShort.add(visit.id);
      const tenderedMinor = Math.floor(amountMinor / 2);
      const reply = ask(lane, {
        kind: "cash",
        stayId,
        amountMinor,
        tenderedMinor,
        actor: by,
        idempotencyKey: uuidOf(parts.random),
      });
      helped(by, lane, `is offered ${tenderedMinor} of ${amountMinor}: ${wordOf(reply)}`);
      if (reply?.ok === true) tell({ kind: "note", text: `too little money opened ${lane}` });
      return;
    }
    const tenderedMinor = roundUpToNote(amountMinor, 2);
    const taken: Pending = { key: uuidOf(parts.random), lane, visit, actor: by, tenderedMinor };
    pending = taken;
    const reply = ask(lane, {
      kind: "cash",
      stayId,
      amountMinor,
      tenderedMinor,
      actor: by,
      idempotencyKey: taken.key,
    });
    helped(by, lane, `takes ${tenderedMinor} for ${amountMinor}: ${wordOf(reply)}`);
    if (reply === null) return;
    pending = null;
    if (reply.ok && reply.payment !== null) keep(taken, reply.payment.changeMinor);
  }

  function keep({ actor: by, visit, tenderedMinor }: Pending, changeMinor: number): void {
    drawers.move(by, tenderedMinor, "payment", visit.id);
    drawers.move(by, -changeMinor, "change", visit.id);
  }

  /** The gate is back: was the money booked that was in the hand when it died? */
  function settlePending(): void {
    const open = pending;
    if (open === null) return;
    const found = machine.act(({ memory }) => ({ payment: memory.store.paymentByKey(open.key) }));
    if (found === null) return;
    pending = null;
    if (found.payment !== null) keep(open, found.payment.changeMinor);
    helped(
      open.actor,
      open.lane,
      found.payment === null ? "gives the money back: nothing was booked" : "sees that it was booked",
    );
  }

  function identify(lane: string, view: LaneView, visit: Visit): void {
    const by = actor();
    const stayId = machine.act((running) => findStay(running, visit));
    if (stayId === null || stayId === undefined) return openByWord(lane, view, visit);
    if (visit.habits.losesTicket && parts.drivers.ticketOf(visit.id) !== null) {
      const lost = machine.act(({ parts: { desk } }) =>
        loseTicket(desk, stayId, { actor: by, reason: "the driver has lost the ticket" }),
      );
      helped(
        by,
        lane,
        `notes a lost ticket: ${lost === null ? "the gate is down" : lost.ok ? "done" : lost.error.code}`,
      );
    }
    const reply = ask(lane, { kind: "identify", stayId, actor: by, reason: "plate seen by the attendant" });
    helped(by, lane, `says which stay it is: ${wordOf(reply)}`);
    if (reply !== null && !reply.ok) openByWord(lane, view, visit);
  }

  /** By the number on the ticket in the driver's hand, or by a plate: the true one, or what the camera took it for. */
  function findStay({ memory: { store } }: Running, visit: Visit): StayId | undefined {
    const ticket = parts.drivers.ticketOf(visit.id);
    const wanted = [
      visit.habits.losesTicket ? null : (ticket?.number ?? null),
      visit.vehicle.plate.text,
      visit.habits.misreadIn,
    ];
    for (const text of wanted) {
      if (text === null) continue;
      const open = store
        .findStays(text, 5)
        .filter(({ status }) => status === "open" || status === "provisional");
      const [only] = open;
      if (only !== undefined && open.length === 1) return only.stayId;
    }
    return undefined;
  }

  function vouch(lane: string, view: LaneView): void {
    const by = actor();
    const done = machine.act((running) => {
      const attempt = running.memory.store.openAttempts(lane).find(({ status }) => status === "unknown");
      if (attempt === undefined) return "nothing is in doubt any more";
      const found = parts.hands(lane).terminal?.journal(attempt.attemptId) ?? null;
      const word = { reference: found?.receipt ?? null, reason: "read in the terminal's journal", actor: by };
      const vouched = vouchFor(running.parts.desk, attempt.attemptId, word);
      return vouched.ok ? `charged: ${found !== null}` : vouched.error.code;
    });
    helped(by, lane, `reads the terminal's journal (${view.state}): ${done ?? "the gate is down"}`);
  }

  function openByWord(lane: string, { state }: LaneView, visit: Visit): void {
    const by = actor();
    const why = `vehicle ${visit.id} at a lane in ${state}`;
    const vended = ask(lane, { kind: "vend", reason: why, actor: by, idempotencyKey: uuidOf(parts.random) });
    helped(by, lane, `opens by word: ${wordOf(vended)}`);
    if (vended === null || vended.ok) return;
    const held = ask(lane, { kind: "hold", reason: why, actor: by });
    helped(by, lane, `holds the arm open: ${wordOf(held)}`);
  }

  function reset(lane: string): void {
    const by = actor();
    const reply = ask(lane, { kind: "reset", reason: LOOKED, actor: by });
    helped(by, lane, `vouches that nothing is under the arm: ${wordOf(reply)}`);
  }

  function ask(lane: string, event: Parameters<ReturnType<typeof runnerOf>["ask"]>[0]): Reply | null {
    return machine.act((running) => runnerOf(running, lane).ask(event));
  }

  function helped(by: string, lane: string, how: string): void {
    tell({ kind: "helped", actor: by, lane, how });
  }

  return {
    /** Looks after every lane once. */
    look(): void {
      settlePending();
      for (const lane of site.lanes) help(lane);
    },
    /** Whether any lane waits for a person's word, or money is in somebody's hand. */
    isWanted: (): boolean =>
      pending !== null ||
      (machine.act((running) =>
        site.lanes.some(({ name }) => mayWantWord(running, name) && wantsWord(viewOf(running, name))),
      ) ??
        true),
    /** Counts the drawer, ends the shift, and lets the next one begin theirs. */
    changeShift(): void {
      endShift(actor());
      onDuty += 1;
      this.beginShift();
    },
    beginShift(): void {
      const by = actor();
      const opened = machine.act(({ memory, clock }) =>
        memory.store.openShift({ actor: by, floatMinor: site.floatMinor }, nowOf(clock)),
      );
      if (opened?.ok === true) drawers.move(by, site.floatMinor - drawers.count(by), "float");
      helped(by, "desk", `begins a shift: ${resultWord(opened)}`);
    },
    actor,
  };

  function endShift(by: string): void {
    const countedMinor = drawers.count(by);
    const closed = machine.act(({ memory, clock }) =>
      memory.store.closeShift({ actor: by, countedMinor, note: "" }, nowOf(clock)),
    );
    helped(by, "desk", `counts ${countedMinor} and ends the shift: ${resultWord(closed)}`);
    if (closed?.ok === true) drawers.move(by, -countedMinor, "skim");
  }
}
export type Attendants = ReturnType<typeof createAttendants>;

function viewOf({ parts: { gate } }: Running, lane: string): LaneView {
  const found = gate.lanes.get(lane);
  if (found === undefined) throw new Error(`no lane ${lane}`);
  return laneView(found, gate.devices());
}

function runnerOf({ parts: { gate } }: Running, lane: string) {
  const found = gate.lanes.get(lane);
  if (found === undefined) throw new Error(`no lane ${lane}`);
  return found.runner;
}

function nowOf(clock: Running["clock"]) {
  return { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
}

/** What costs a view to know is asked only of lanes that do not go on by themselves. */
function mayWantWord(running: Running, lane: string): boolean {
  const { state } = runnerOf(running, lane).lane();
  return state === "HELD_OPEN" || state === "UNKNOWN" || state === "FAULT" || state === "CLEARING";
}

/** The lane does nothing until a person has looked at it; also one that is held open by their own word. */
function wantsWord({ state, held_by: heldBy, troubles }: LaneView): boolean {
  if (state === "HELD_OPEN") return heldBy === "operator" || heldBy === "policy";
  return (state === "UNKNOWN" || state === "FAULT" || state === "CLEARING") && troubles.length > 0;
}

function wordOf(reply: Reply | null): string {
  if (reply === null) return "the gate is down";
  return reply.ok ? "done" : reply.code;
}

function resultWord(
  result: { readonly ok: true } | { readonly ok: false; readonly error: { readonly code: string } } | null,
): string {
  if (result === null) return "the gate is down";
  return result.ok ? "done" : result.error.code;
}
