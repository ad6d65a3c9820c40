import { createHash } from "node:crypto";
import { lineOf } from "@parkme/shared/protocol/log";
import type { Acknowledged } from "./acknowledged.ts";
import type { GateFile, LogRow } from "./gate-file.ts";

/** Holds what a gate has acknowledged against what lies on its disk. */

/** Each acknowledgement that the disk knows nothing of, or knows otherwise. */
export function lost(known: Acknowledged, file: GateFile): string[] {
  const gone: string[] = [];
  const payments = new Map(file.payments.map((row) => [row.id, row]));
  for (const [id, { ticket }] of known.stays)
    if (file.stays.get(id)?.has(ticket) !== true) gone.push(`stay ${id} with ticket ${ticket}`);
  for (const [id, { stayId, amountMinor }] of known.payments) {
    const row = payments.get(id);
    if (row?.stayId !== stayId || row.amountMinor !== amountMinor)
      gone.push(`payment ${id} of ${amountMinor} for stay ${stayId}`);
  }
  for (const [number, { paymentId, kind }] of known.receipts) {
    const row = file.receipts.get(number);
    if (row?.paymentId !== paymentId || row.kind !== kind)
      gone.push(`receipt ${number} of ${kind} ${paymentId}`);
  }
  for (const [number, shiftId] of known.zReports)
    if (file.zReports.get(number) !== shiftId) gone.push(`Z report ${number} of shift ${shiftId}`);
  const missing = (what: string, wanted: ReadonlySet<string>, there: ReadonlySet<string>): void => {
    for (const id of wanted) if (!there.has(id)) gone.push(`${what} ${id}`);
  };
  missing("vend", known.vends, file.vends);
  missing("command", known.commands, file.commands);
  missing("the stay of", known.letIn, file.plates);
  missing("movement", known.movements, file.movements);
  gone.push(...lostOfTheLog(known, file));
  return gone;
}

/** Lines that the cloud has, and the gate has not, or otherwise. Those that it pruned are none of them. */
function lostOfTheLog({ taken }: Acknowledged, { log, link }: GateFile): string[] {
  const places = new Map(log.map((row) => [row.seq, row]));
  return [...taken].flatMap(([seq, { epoch, hash }]) => {
    if (seq < link.anchorSeq || (seq === link.anchorSeq && hash === link.anchorHash)) return [];
    const row = places.get(seq);
    return row?.hash === hash && row.epoch === epoch ? [] : [`line ${seq} of the log, which the cloud has`];
  });
}

/** What is wrong with the file in itself, whatever was acknowledged. */
export function damages(file: GateFile): string[] {
  const wrong: string[] = [];
  if (file.integrity !== "ok") wrong.push(`integrity_check: ${file.integrity.slice(0, 200)}`);
  if (file.strays > 0) wrong.push(`${file.strays} rows refer to rows that are not there`);
  for (const { id, receipts, entries } of file.payments)
    if (receipts !== 1 || entries !== 1)
      wrong.push(`payment ${id} is half written: ${receipts} receipts and ${entries} entries of the ledger`);
  for (const stayId of twice(file.payments.map(({ stayId: id }) => id)))
    wrong.push(`stay ${stayId}, of which one price was asked, was paid twice`);
  // Only who believes its database to be an old copy begins another history.
  if (file.link.epoch !== 1 || file.link.restoredSeq !== null)
    wrong.push(`the gate takes its database for one that was put back: epoch ${file.link.epoch}`);
  const gap = gapIn([...file.receipts.keys()]);
  if (gap !== null) wrong.push(`receipt ${gap} is missing between others`);
  return [...wrong, ...brokenChain(file)];
}

function twice(ids: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return ids.filter((id) => seen.has(id) || !seen.add(id));
}

/** The first number from 1 on that is not there, though a higher one is. */
function gapIn(numbers: readonly number[]): number | null {
  const sorted = numbers.toSorted((a, b) => a - b);
  const index = sorted.findIndex((number, at) => number !== at + 1);
  return index < 0 ? null : index + 1;
}

/** Each row of the log must be the next, and hash to what it says, from the row before it. */
function brokenChain({ log, link }: GateFile): string[] {
  let { anchorSeq: seq, anchorHash: hash } = link;
  for (const row of log) {
    if (row.seq !== seq + 1) return [`the log goes on with ${row.seq} behind ${seq}`];
    hash = createHash("sha256").update(hash, "hex").update(lineOfRow(row)).digest("hex");
    if (row.hash !== hash) return [`the chain of the log breaks at ${row.seq}`];
    seq = row.seq;
  }
  return [];
}

function lineOfRow(row: LogRow): string {
  return lineOf(
    {
      seq: row.seq,
      epoch: row.epoch,
      event_id: row.eventId,
      kind: row.kind,
      schema_version: row.schemaVersion,
      wall_time: new Date(row.wallAt).toISOString(),
      monotonic_ms: row.monotonicMs,
      boot_id: row.bootId,
      payload: row.payload,
    },
    row.rows,
  );
}
