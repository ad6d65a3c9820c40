import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GateRecord, TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { AttemptId, StayId } from "@parkme/shared/domain/ids";
import type { AttemptStatus } from "@parkme/shared/domain/stay";
import { type PayDesk, startPayDesk } from "./testing/pay-desk.ts";
import { vouchFor } from "./vouching.ts";

/** A card payment that was begun at a pay station, and of which its terminal does not tell what became. */

let desk: PayDesk;
let stayId: StayId;
let attemptId: AttemptId;
beforeEach(async () => {
  desk = await startPayDesk();
  stayId = desk.parked();
  attemptId = desk.mint.next<AttemptId>(Date.now());
});
afterEach(() => desk.stop());

function write(status: AttemptStatus, receipt: string | null = null, detail = ""): void {
  const record: GateRecord = {
    type: "attempt",
    attemptId,
    stayId,
    amountMinor: 400,
    status,
    receipt,
    detail,
  };
  desk.store.record({ place: "lobby", records: [record] }, { wallMs: Date.now(), monotonicMs: 0 });
}

/** Vouches as alex; the pay station hears it, and writes what it would write for its terminal. */
function vouch(reference: string | null) {
  const heard: { place: string; outcome: TerminalOutcome }[] = [];
  const parts = {
    ...desk.desk,
    answerFor: (place: string, id: AttemptId, outcome: TerminalOutcome) => {
      expect(id).toBe(attemptId);
      heard.push({ place, outcome });
      if (outcome.kind === "approved") write("approved", outcome.receipt, outcome.card);
      if (outcome.kind === "refused") write("refused", null, outcome.reason);
    },
  };
  const word = { reference, reason: "seen in its journal", actor: "alex" };
  return { vouched: vouchFor(parts, attemptId, word), heard };
}

describe("a person's word for a card payment in doubt", () => {
  it.each([
    ["0471", { kind: "approved", receipt: "0471", card: "alex: seen in its journal" }],
    [null, { kind: "refused", reason: "alex: seen in its journal" }],
  ] as const)("is told in the terminal's place: %s", async (reference, outcome) => {
    write("begun");
    write("unknown");
    const shown = await desk.stay(stayId);
    expect(shown.attempt).toMatchObject({ attempt_id: attemptId, status: "unknown", amount_minor: 400 });
    expect(vouch(reference)).toMatchObject({ vouched: { ok: true }, heard: [{ place: "lobby", outcome }] });
    expect((await desk.stay(stayId)).attempt).toBeNull();
    expect(vouch(reference), "once more").toMatchObject({
      vouched: { ok: false, error: { code: "not_in_doubt" } },
      heard: [],
    });
  });

  it("is not asked for while the terminal is still at work, nor taken for a payment that never was", () => {
    expect(vouch("0471").vouched).toMatchObject({ error: { code: "unknown_attempt" } });
    write("begun");
    expect(vouch("0471")).toMatchObject({ vouched: { error: { code: "not_in_doubt" } }, heard: [] });
  });

  it("is refused where nobody waits for it, and changes nothing", async () => {
    write("begun");
    write("unknown");
    const path = `/api/attempts/${attemptId}/vouch`;
    const answer = await desk.post(path, { reference: "0471", reason: "seen in its journal" });
    expect(await desk.refusal(answer)).toEqual({ status: 409, code: "not_taken_up" });
    expect((await desk.stay(stayId)).attempt?.status).toBe("unknown");
  });
});
