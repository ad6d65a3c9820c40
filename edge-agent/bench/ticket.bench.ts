import { createHash, generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mintTicketNumber } from "@parkme/shared/domain/ids";
import { readCode } from "@parkme/shared/domain/ticket-code";
import { openDatabase } from "../store/open.ts";
import { stays, tickets } from "../store/schema.ts";
import { ticketCodeQueries } from "../store/ticket-codes.ts";
import { createCodeBook } from "../tickets/code-book.ts";
import { createCodeMaker } from "../tickets/code-maker.ts";
import { openKeyring } from "../tickets/keyring.ts";

/**
 * How many tickets a second are read, proven and looked up in the store, on one core; the floor is `crypto.verify` of
 * Ed25519 alone, with the same number of bytes, in the same run. Measured in turns, so that whatever else the machine
 * does slows both.
 *
 *     npm run bench -- ticket [<seconds for each figure>]
 */
const [, , seconds = "3"] = process.argv;
const SLICE_MS = 100;
const TICKETS = 1_000;
const FACILITY_ID = "0195f000-0000-7000-8000-000000000001";

type Work = (i: number) => void;

/** Operations a second of each, measured in turns. */
function rates(works: readonly Work[]): number[] {
  const tallies = works.map((work) => ({ work, done: 0, ms: 0 }));
  for (const { work } of tallies) for (let i = 0; i < TICKETS; i++) work(i);
  const rounds = Math.max(1, Math.round((Number(seconds) * 1_000) / SLICE_MS));
  for (let round = 0; round < rounds; round++) {
    for (const tally of tallies) {
      const startedMs = performance.now();
      let elapsedMs = 0;
      while (elapsedMs < SLICE_MS) {
        for (let i = 0; i < 20; i++) tally.work((tally.done + i) % TICKETS);
        tally.done += 20;
        elapsedMs = performance.now() - startedMs;
      }
      tally.ms += elapsedMs;
    }
  }
  return tallies.map(({ done, ms }) => (done * 1_000) / ms);
}

function report(figure: string, value: number, floor: number | null): void {
  const ratio = floor === null ? null : Math.round((value / floor) * 1_000) / 1_000;
  const round = (n: number | null): number | null => n && Math.round(n);
  process.stdout.write(
    `${JSON.stringify({ bench: "ticket", figure, value: round(value), floor: round(floor), ratio })}\n`,
  );
  process.stderr.write(
    `  ${figure.padEnd(18)}${String(round(value)).padStart(10)}${String(round(floor) ?? "-").padStart(10)}${String(ratio ?? "-").padStart(8)}\n`,
  );
}

function must<T>(opened: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  if (!opened.ok) throw new Error("the bench's own files cannot be opened");
  return opened.value;
}

const folder = mkdtempSync(join(tmpdir(), "parkme-ticket-bench-"));
try {
  const migrationsFolder = join(import.meta.dirname, "../store/migrations");
  const db = must(openDatabase({ path: join(folder, "gate.db"), migrationsFolder }));
  const nowMs = Date.now();
  const keyring = must(openKeyring(join(folder, "keys"), nowMs, console.error));
  const maker = createCodeMaker({ facilityId: FACILITY_ID, keyring, validDays: 90 });
  const merchants = [{ name: "cafe", offers: [{ name: "one-hour" }] }];
  const book = createCodeBook({ facilityId: FACILITY_ID, keyring, merchants, store: ticketCodeQueries(db) });

  const issued = Array.from({ length: TICKETS }, (_, i) => {
    const ticketNumber = mintTicketNumber((length) => randomBytes(length));
    const ticket = { ticketNumber, entryWallMs: nowMs - i * 1_000, lane: "entry" };
    const id = `stay-${i}`;
    db.insert(stays).values({ id, status: "open", entryLane: "entry", entryAt: ticket.entryWallMs }).run();
    db.insert(tickets).values({ number: ticketNumber, stayId: id, lane: "entry", issuedAt: nowMs }).run();
    return { ...ticket, text: maker.ticket(ticket) };
  });
  const run = { merchant: "cafe", offer: "one-hour", count: TICKETS, validDays: 30 };
  const discounts = maker.validations(run, nowMs, (length) => randomBytes(length)).map(({ text }) => text);
  const forged = issued.map(
    ({ text }) => text.slice(0, 60) + (text[60] === "A" ? "B" : "A") + text.slice(61),
  );

  const bare = generateKeyPairSync("ed25519");
  // As many bytes as a code's with the name of what is signed before them.
  const messages = issued.map((_, i) => createHash("sha512").update(String(i)).digest().subarray(0, 38));
  const signatures = messages.map((message) => sign(null, message, bare.privateKey));

  const expectKind = (kind: string, text: string | undefined): void => {
    if (book.read(text ?? "", nowMs).kind !== kind) throw new Error(`a code is not ${kind}`);
  };
  const [floor = 0, read = 0, discount = 0, refused = 0] = rates([
    (i) => {
      const [message, signature] = [messages[i], signatures[i]];
      if (message === undefined || signature === undefined) throw new Error("no message");
      if (!verify(null, message, bare.publicKey, signature)) throw new Error("a signature is wrong");
    },
    (i) => expectKind("ticket", issued[i]?.text),
    (i) => expectKind("validation", discounts[i]),
    (i) => expectKind("refused", forged[i]),
  ]);
  const [signFloor = 0, signed = 0] = rates([
    (i) => void sign(null, messages[i] ?? Buffer.alloc(0), bare.privateKey),
    (i) => {
      const ticket = issued[i];
      if (ticket !== undefined) maker.ticket(ticket);
    },
  ]);
  const [decoded = 0] = rates([
    (i) => {
      if (readCode(issued[i]?.text ?? "").kind !== "code") throw new Error("a code was not read");
    },
  ]);

  process.stderr.write(
    `\ntickets\n  ${"figure".padEnd(18)}${"value".padStart(10)}${"floor".padStart(10)}${"ratio".padStart(8)}\n`,
  );
  report("verify_per_s", read, floor);
  report("validation_per_s", discount, floor);
  report("forged_per_s", refused, floor);
  report("sign_per_s", signed, signFloor);
  report("decode_per_s", decoded, null);
  db.$client.close();
} finally {
  rmSync(folder, { recursive: true });
}
