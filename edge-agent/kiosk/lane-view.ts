import type { StayInHand } from "@parkme/shared/domain/gate-record";
import { LANE_INPUTS } from "@parkme/shared/domain/lane";
import type { LaneHealth, LaneView } from "@parkme/shared/protocol/kiosk";
import type { LaneSection } from "../config/lane-section.ts";
import type { GateLane } from "../gate/gate-lane.ts";
import type { DeviceState } from "../gate/roster.ts";
import type { Attempt, Lane } from "../lanes/machine/model.ts";

export type SeenLane = Pick<GateLane, "section" | "runner" | "lastRead">;

/** One lane as an attendant sees it. `devices` are all of the gate. */
export function laneView({ section, runner, lastRead }: SeenLane, devices: readonly DeviceState[]): LaneView {
  const lane = runner.lane();
  const { name, title, kind, wired } = runner.config;
  const inputs = Object.fromEntries(
    LANE_INPUTS.map((input) => [input, wired.has(input) ? lane.inputs[input] : "absent"]),
  ) as LaneView["inputs"];
  const inHand = lane.stay ?? lane.passage?.credit?.stay ?? null;
  const faulty = faultyDevices(section, devices);
  return {
    lane: name,
    name: title,
    kind,
    direction: lane.direction,
    turn_to: lane.turnTo,
    mode: lane.mode,
    state: lane.state,
    held_by: lane.heldBy,
    since: new Date(lane.since.wallMs).toISOString(),
    health: healthOf(lane, faulty.length > 0),
    troubles: troublesOf(lane, faulty),
    inputs,
    display: lane.display,
    read: readView(lastRead()),
    stay: inHand && stayView(inHand, lane),
    ticket: ticketView(lane),
    card: cardView(lane),
    cards_left_open: lane.abandoned.length,
  };
}

/** Alarms by which a lane is not whole although its state goes on. */
const LACKING = ["sensor_stale", "output_mismatch", "printer", "reader", "terminal", "display"] as const;

function healthOf({ state, heldBy, trouble, alarms }: Lane, faulty: boolean): LaneHealth {
  if (state === "UNKNOWN" || state === "STOPPED" || state === "FAULT") return "out_of_order";
  // Why an arm is held open is no trouble of the lane's, but for the want of sensors or disk.
  const troubled = state === "HELD_OPEN" ? heldBy === "policy" : trouble !== null;
  const lacking = LACKING.some((kind) => alarms.includes(kind));
  return state === "DEGRADED" || troubled || lacking || faulty ? "degraded" : "ok";
}

/** Devices of the lane that do not work. */
function faultyDevices(section: LaneSection, devices: readonly DeviceState[]): readonly DeviceState[] {
  const { barrier, camera, exit_camera, readers, printer, display, terminal } = section;
  const own = new Set([barrier.board, camera, exit_camera, ...readers, printer, display, terminal]);
  return devices.filter(({ name, ok }) => !ok && own.has(name));
}

const KIND_WORDS: Record<DeviceState["kind"], string> = {
  board: "Board",
  camera: "Camera",
  reader: "Reader",
  printer: "Printer",
  display: "Display",
  terminal: "Card terminal",
};

function troublesOf(lane: Lane, faulty: readonly DeviceState[]): string[] {
  const troubles = lane.trouble === null ? [] : [lane.trouble];
  for (const { kind, name, reason } of faulty) {
    // A silent board is the lane's own trouble already.
    if (lane.trouble?.includes(reason) !== true) troubles.push(`${KIND_WORDS[kind]} ${name}: ${reason}`);
  }
  if (lane.alarms.includes("output_mismatch")) troubles.push("A relay is not as it was commanded");
  return troubles;
}

function stayView(stay: StayInHand, { state }: Lane): NonNullable<LaneView["stay"]> {
  return {
    stay_id: stay.stayId,
    ticket_number: stay.ticketNumber,
    plate: stay.plate,
    entry_at: new Date(stay.entryWallMs).toISOString(),
    right: stay.right?.kind ?? null,
    fee: state === "PAYING" || state === "PAY_UNKNOWN" ? feeView(stay) : null,
  };
}

function feeView({ due }: StayInHand): NonNullable<LaneView["stay"]>["fee"] {
  if (due === null || due.quote === null) return null;
  return {
    amount_minor: due.amountMinor,
    applied_rule: due.quote.appliedRule,
    duration_minutes: due.quote.durationMinutes,
    trace: due.quote.trace.map((line) => line.text),
  };
}

function ticketView({ ticket }: Lane): LaneView["ticket"] {
  if (ticket === null) return null;
  return ticket.printed ? "to_take" : "printing";
}

const CARD_STATUS = {
  asked: "under_way",
  aborting: "stopping",
  unknown: "in_doubt",
  reversing: "giving_back",
} as const satisfies Record<Attempt["phase"], string>;

function cardView({ attempt }: Lane): LaneView["card"] {
  return attempt && { status: CARD_STATUS[attempt.phase], amount_minor: attempt.amountMinor };
}

function readView(read: ReturnType<GateLane["lastRead"]>): LaneView["read"] {
  if (read === null) return null;
  return {
    plate: read.plate ?? "",
    confidence: read.confidence,
    at: new Date(read.at.wallMs).toISOString(),
    camera: read.camera,
    image_url: read.imageId === null ? null : `/api/images/${read.imageId}`,
  };
}
