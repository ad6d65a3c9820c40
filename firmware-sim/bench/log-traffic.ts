import { createHash, randomBytes } from "node:crypto";
import { createIdMint, type IdMint } from "@parkme/shared/domain/ids";
import { GENESIS_HASH, lineOf } from "@parkme/shared/protocol/log";
import { SYNC_SCHEMA_VERSION, type SyncFact } from "@parkme/shared/protocol/sync";

/**
 * The log of a busy facility, made up: what one stay writes from ticket to exit, eleven events with the rows that go
 * with them, in the shapes and lengths that a running gate writes. Every stay is paid, one half in cash at the desk.
 */

/** 25,000 events a day, as 2,270 stays make. */
const STAY_EVERY_MS = 38_000;
const STAYED_MS = 90 * 60_000;
const FEE = { amount_minor: 450, currency: "EUR", applied_rule: "Slab 2", tariff_version: 3 };

export type TrafficRow = {
  readonly seq: number;
  readonly eventId: string;
  readonly kind: string;
  readonly wallMs: number;
  readonly payload: string;
  readonly rows: string | null;
  readonly line: string;
  readonly hash: string;
};

type Moment = { readonly wallMs: number; readonly fact: SyncFact; readonly rows: readonly object[] };

export const TRAFFIC_BOOT = "bench-boot";
export const TRAFFIC_VERSION = SYNC_SCHEMA_VERSION;

/** The rows of one edge's log without an end, from the first on, or behind the row that is its last now. */
export function* trafficFrom(
  startMs: number,
  behind: Pick<TrafficRow, "seq" | "hash"> = { seq: 0, hash: GENESIS_HASH },
): Generator<TrafficRow> {
  const mint = createIdMint((length) => randomBytes(length));
  let { seq, hash } = behind;
  for (let stay = 0; ; stay++) {
    for (const { wallMs, fact, rows } of stayOf(mint, startMs + stay * STAY_EVERY_MS, stay)) {
      seq += 1;
      const row = {
        seq,
        eventId: mint.next(wallMs),
        kind: fact.kind,
        wallMs,
        payload: JSON.stringify(fact.payload),
        rows: rows.length === 0 ? null : JSON.stringify(rows),
      };
      const line = lineOf(
        {
          seq,
          epoch: 1,
          event_id: row.eventId,
          kind: row.kind,
          schema_version: TRAFFIC_VERSION,
          wall_time: new Date(wallMs).toISOString(),
          monotonic_ms: wallMs - startMs,
          boot_id: TRAFFIC_BOOT,
          payload: row.payload,
        },
        row.rows,
      );
      hash = createHash("sha256").update(hash, "hex").update(line).digest("hex");
      yield { ...row, line, hash };
    }
  }
}

/** One stay: its ids, its times, and how it is paid. */
type Story = ReturnType<typeof storyOf>;

function storyOf(mint: IdMint, entryMs: number, n: number) {
  const exitMs = entryMs + STAYED_MS;
  const isCash = n % 2 === 0;
  return {
    n,
    entryMs,
    exitMs,
    plate: `B${String.fromCharCode(65 + (n % 26))}${String(n % 9_999).padStart(4, "0")}`,
    ticket: mint.ticketNumber(),
    stay: mint.next(entryMs),
    job: mint.next(entryMs),
    payment: mint.next(exitMs),
    attempt: mint.next(exitMs),
    method: isCash ? ("cash" as const) : ("card" as const),
    place: isCash ? "desk" : "exit",
    actor: isCash ? "alex" : "terminal",
  };
}

/** Everything that one stay writes. Times are a little apart, as they are at a gate. */
function stayOf(mint: IdMint, entryMs: number, n: number): Moment[] {
  const story = storyOf(mint, entryMs, n);
  const { exitMs } = story;
  return [
    started(story),
    printed(story, "begun", entryMs + 10),
    printed(story, "printed", entryMs + 2_500),
    moved(story, "in", mint.next(entryMs), entryMs + 6_000),
    attempted(story, "begun"),
    attempted(story, "approved"),
    booked(story, "charge", mint.next(exitMs), FEE.amount_minor),
    booked(story, "payment", mint.next(exitMs), -FEE.amount_minor),
    paid(story),
    receipted(story),
    moved(story, "out", mint.next(exitMs), exitMs + 20_000),
  ];
}

const at = (ms: number): string => new Date(ms).toISOString();

function started(story: Story): Moment {
  const { stay: stay_id, ticket: ticket_number, plate, entryMs } = story;
  const named = { stay_id, lane: "entry", ticket_number, plate, entry_at: at(entryMs) };
  const ticket = { number: ticket_number, stay_id, lane: "entry", issued_at: entryMs };
  return {
    wallMs: entryMs,
    fact: { kind: "stay.started", payload: { ...named, right: null, zone: null, inside: false } },
    rows: [
      ["stays", stayRow(story)],
      ["tickets", { ...ticket, voided_at: null, replaced_by: null }],
    ],
  };
}

function printed({ n, job: job_id, stay: stay_id }: Story, step: "begun" | "printed", ms: number): Moment {
  const named = { job_id, stay_id, lane: "entry", step, detail: "" };
  return {
    wallMs: ms,
    fact: { kind: "ticket.step", payload: { ...named, at: at(ms) } },
    rows: [["ticket_prints", { id: n, ...named, at: ms }]],
  };
}

function moved(story: Story, direction: "in" | "out", id: string, ms: number): Moment {
  const { stay: stay_id, plate, n } = story;
  const lane = direction === "in" ? "entry" : "exit";
  const named = { lane, direction, kind: "normal" as const, scope: "facility" as const, stay_id, plate };
  const fee = direction === "in" ? null : FEE;
  const payload = { movement_id: id, ...named, zones: [], at: at(ms), review: null, fee };
  const stay =
    direction === "in"
      ? { ...stayRow(story), status: "open" }
      : { ...stayRow(story), status: "closed", exit_at: ms, settled_at: story.exitMs };
  return {
    wallMs: ms,
    fact: { kind: "movement.recorded", payload },
    rows: [
      ["movements", { id, ...named, at: ms, zones: "[]" }],
      ["stays", stay],
      ["agent_state", { id: 1, inside: n % 200 }],
    ],
  };
}

function attempted(story: Story, status: "begun" | "approved"): Moment {
  const { n, attempt: attempt_id, stay: stay_id, exitMs } = story;
  const { amount_minor, currency } = FEE;
  const named = { attempt_id, stay_id, lane: "exit", amount_minor, currency, status, detail: "" };
  return {
    wallMs: exitMs,
    fact: {
      kind: "attempt.changed",
      payload: { ...named, receipt: String(n % 10_000), at: at(exitMs) },
    },
    rows: [["attempt_steps", { id: n, attempt_id, status, receipt: null, detail: "", at: exitMs }]],
  };
}

function booked(story: Story, kind: "charge" | "payment", id: string, amount_minor: number): Moment {
  const { n, stay: stay_id, payment: payment_id, method, place, actor, exitMs } = story;
  const entry = {
    stay_id,
    kind,
    side: kind === "charge" ? ("charged" as const) : ("credited" as const),
    amount_minor,
    currency: FEE.currency,
    method: kind === "charge" ? null : method,
    payment_id,
    shift_id: null,
    place,
    actor,
    reason: kind === "charge" ? FEE.applied_rule : "",
    debtor: null,
  };
  return {
    wallMs: exitMs,
    fact: { kind: "ledger.entry", payload: { entry_id: id, ...entry, at: at(exitMs) } },
    rows: [["ledger", { seq: n * 2, id, ...entry, at: exitMs }]],
  };
}

function paid(story: Story): Moment {
  const { n, stay: stay_id, payment: id, method, place: lane, actor, exitMs } = story;
  const { amount_minor, currency } = FEE;
  const named = { stay_id, lane, method, amount_minor, currency, actor };
  const more = { change_minor: 0, reference: null, shift_id: null };
  return {
    wallMs: exitMs,
    fact: {
      kind: "payment.taken",
      payload: { payment_id: id, ...named, ...more, receipt_number: n + 1, at: at(exitMs) },
    },
    rows: [
      ["payments", { id, ...named, ...more, at: exitMs, idempotency_key: id }],
      ["stays", { ...stayRow(story), status: "open", settled_at: exitMs }],
    ],
  };
}

function receipted({ n, stay: stay_id, payment: payment_id, exitMs }: Story): Moment {
  const named = { number: n + 1, kind: "payment" as const, payment_id, stay_id };
  const hash = createHash("sha256").update(payment_id).digest("hex");
  const signed = { hash, key_id: 7, signature: randomBytes(64).toString("base64url") };
  const { amount_minor, currency } = FEE;
  const payload = { ...named, ...signed, amount_minor, currency, previous_hash: null, at: at(exitMs) };
  const token = randomBytes(16).toString("base64url");
  return {
    wallMs: exitMs,
    fact: { kind: "receipt.issued", payload },
    rows: [["receipts", { ...named, ...signed, at: exitMs, text: RECEIPT_TEXT, token }]],
  };
}

/** About as long as a receipt's canonical text is. */
const RECEIPT_TEXT = JSON.stringify({
  issuer: { name: "Demo Parking Ltd", address: ["Quay 1", "20457 Hamburg"], tax_number: "DE000000000" },
  lines: [
    { text: "Parking, 90 minutes", amount: 450 },
    { text: "VAT 19 % included", amount: 72 },
  ],
});

function stayRow({ stay: id, plate, entryMs }: Story) {
  return {
    id,
    status: "provisional",
    entry_lane: "entry",
    plate,
    plate_shape: plate,
    entry_at: entryMs,
    exit_at: null,
    fee_minor: null,
    review: null,
    right_kind: null,
    right_id: null,
    zone: null,
    neutral: 0,
    vehicle_type: "car",
    ev: 0,
    accessible: 0,
    tariff_id: "demo",
    tariff_version: 3,
    occupancy_percent: 40,
    lost_ticket: "no",
    balance_minor: 0,
    settled_at: null,
  };
}
