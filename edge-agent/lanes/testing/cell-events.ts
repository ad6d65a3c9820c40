import type { Credential } from "@parkme/shared/domain/credential";
import type { TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { AttemptId, CommandId, JobId, StayId } from "@parkme/shared/domain/ids";
import type { Facts, Lane, LaneEvent, LaneEventKind } from "../machine/model.ts";
import { blind } from "../machine/step.ts";

/** One event of every kind for a lane in any state, and the variants that go other ways. */

/** An event's kind, with what is special about it: `outcome/refused`. The bare kind is the ordinary case. */
export type CellKey = LaneEventKind | `${LaneEventKind}/${string}`;

const NONE = "01890000-0000-7000-8000-000000000009";
const BY = { actor: "alex", reason: "looked" } as const;
const CARD: Credential = { kind: "card", text: "CARD-9" };

type Bare = {
  [K in LaneEventKind]: { readonly kind: K } extends Extract<LaneEvent, { kind: K }> ? K : never;
}[LaneEventKind];

const BARE: readonly Bare[] = [
  "arming_on",
  "arming_off",
  "safety_on",
  "safety_off",
  "arm_opened",
  "arm_closed",
  "arm_left_closed",
  "proven",
  "button_on",
  "fire_on",
  "fire_off",
  "stop_on",
  "stop_off",
  "key_on",
  "key_off",
  "arm_due",
  "read_due",
  "back_due",
  "clear_due",
  "noEntry_due",
  "stuck_due",
  "move_due",
  "take_due",
  "pay_due",
];

/** All of them, for a lane that has `lane`'s things in hand. */
export function eventsFor(lane: Lane, atMs: number): ReadonlyMap<CellKey, LaneEvent> {
  const commandId = lane.command?.id ?? (NONE as CommandId);
  const stayId = lane.stay?.stayId ?? (NONE as StayId);
  const jobId = lane.ticket?.jobId ?? (NONE as JobId);
  const attemptId = lane.attempt?.attemptId ?? lane.abandoned[0]?.attemptId ?? (NONE as AttemptId);
  const cash = { kind: "cash", stayId, amountMinor: 500, actor: "alex", idempotencyKey: "k" } as const;
  const outcome = { kind: "outcome", commandId, detail: "line" } as const;
  const terminal = (answer: TerminalOutcome): LaneEvent => ({ kind: "terminal", attemptId, outcome: answer });
  const at = { wallMs: 0, monotonicMs: atMs };
  const read = { raw: "", confidence: 0.95, camera: "cam", sourceId: null, claimedAtMs: null, imageId: null };
  return new Map<CellKey, LaneEvent>([
    ...BARE.map((kind) => [kind, { kind }] as const),
    ["behind_on", { kind: "behind_on", input: "closing" }],
    ["behind_on/photocell", { kind: "behind_on", input: "photocell" }],
    ["behind_off", { kind: "behind_off", input: "closing" }],
    ["lost", { kind: "lost", reason: "board silent" }],
    ["stale", { kind: "stale", reason: "photocell missing" }],
    ["credential", { kind: "credential", credential: CARD }],
    ["read", { kind: "read", read: { ...read, plate: "HHCD77", at } }],
    ["facts", { kind: "facts", facts: factsFor(lane) }],
    ["printed", { kind: "printed", jobId, held: true }],
    ["printed/not_held", { kind: "printed", jobId, held: false }],
    ["print_failed", { kind: "print_failed", jobId, reason: "jam", mayBeOut: true }],
    ["taken", { kind: "taken", jobId }],
    ["terminal", terminal({ kind: "approved", receipt: "7", card: "**1" })],
    ["terminal/declined", terminal({ kind: "declined", reason: "no cover" })],
    ["terminal/refused", terminal({ kind: "refused", reason: "busy" })],
    ["terminal/unknown", terminal({ kind: "unknown", reason: "line" })],
    ["device", { kind: "device", device: "printer", ok: false, reason: "no paper" }],
    ["device/ok", { kind: "device", device: "printer", ok: true, reason: "" }],
    ["output", { kind: "output", mismatch: "open stays on" }],
    ["output/again", { kind: "output", mismatch: null }],
    ["outcome", { ...outcome, outcome: "done" }],
    ["outcome/refused", { ...outcome, outcome: "refused" }],
    ["outcome/silent", { ...outcome, outcome: "silent" }],
    ["cash", { ...cash, tenderedMinor: 500 }],
    ["due_changed", { kind: "due_changed", stayId }],
    ["due_changed/of_another", { kind: "due_changed", stayId: NONE as StayId }],
    ["code_refused", { kind: "code_refused", reason: "Wrong signature" }],
    ["identify", { kind: "identify", stayId, ...BY }],
    ["identify/another", { kind: "identify", stayId: NONE as StayId, ...BY }],
    ["vend", { kind: "vend", ...BY, idempotencyKey: "k" }],
    ["reset", { kind: "reset", ...BY }],
    ["hold", { kind: "hold", ...BY }],
    ["mode", { kind: "mode", mode: "closed" }],
    ["mode/held_open", { kind: "mode", mode: "held_open" }],
    ["turn", { kind: "turn", direction: lane.direction === "entry" ? "exit" : "entry", actor: "alex" }],
  ]);
}

/** A store that knows nothing of the vehicle and has room. */
function factsFor({ direction, state }: Lane): Facts {
  const purpose = state === "DECIDING" ? "decide" : "identify";
  const asked = { purpose, plate: "HHCD77", credential: null } as const;
  return direction === "entry"
    ? { ...asked, direction, full: null, right: null, listed: null, stay: null, neutral: false }
    : { ...asked, direction, match: { kind: "none" }, pricingRefusal: null };
}

/** What the inputs say when an event happens. */
const SEEN: Readonly<Partial<Record<LaneEventKind, Partial<Lane["inputs"]>>>> = {
  arming_on: { arming: "on" },
  arm_due: { arming: "on" },
  arming_off: { arming: "off" },
  back_due: { arming: "off" },
  safety_on: { safety: "on" },
  safety_off: { safety: "off" },
  arm_opened: { open_limit: "on", closed_limit: "off" },
  arm_closed: { closed_limit: "on", open_limit: "off" },
  arm_left_closed: { closed_limit: "off" },
  button_on: { button: "on" },
  fire_on: { fire: "on" },
  fire_off: { fire: "off" },
  stop_on: { stop: "on" },
  stop_off: { stop: "off" },
  key_on: { key_switch: "on" },
  key_off: { key_switch: "off" },
  stale: { photocell: "unknown" },
  proven: {
    arming: "off",
    safety: "off",
    closing: "off",
    photocell: "off",
    open_limit: "off",
    closed_limit: "on",
  },
};

/** The lane with its inputs as they are when the event happens: they change first, the edges follow. */
export function seeing(lane: Lane, event: LaneEvent): Lane {
  if (event.kind === "lost") return blind(lane, event.reason).lane;
  if (event.kind === "behind_on" || event.kind === "behind_off") {
    // What is not known has no edge.
    const level = event.kind === "behind_on" ? "on" : "off";
    const known = lane.inputs[event.input] !== "unknown";
    return known ? { ...lane, inputs: { ...lane.inputs, [event.input]: level } } : lane;
  }
  const inputs = { ...lane.inputs, ...SEEN[event.kind] };
  // A timer that is due runs no more.
  const timers = Object.fromEntries(
    Object.entries(lane.timers).filter(([name]) => `${name}_due` !== event.kind),
  );
  return { ...lane, inputs, timers, loopsProven: lane.loopsProven && event.kind !== "stale" };
}
