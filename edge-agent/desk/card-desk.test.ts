import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GateRecord, TerminalOutcome } from "@parkme/shared/domain/gate-record";
import { asId, type AttemptId, type StayId } from "@parkme/shared/domain/ids";
import type { PaymentTerminal, TerminalEvent, TerminalRequest } from "../devices/ports.ts";
import { until } from "../devices/testing/until.ts";
import { createCardDesk } from "./card-desk.ts";
import { beginCard, cardPayment, takePayment } from "./payments.ts";
import { type PayDesk, startPayDesk } from "./testing/pay-desk.ts";

/** A terminal that says what the test wants, over a real store. */

let desk: PayDesk;
let id: StayId;
const running: { close: () => Promise<void> }[] = [];
beforeEach(async () => {
  desk = await startPayDesk();
  id = desk.parked();
});
afterEach(async () => {
  for (const card of running.splice(0)) await card.close();
  await desk.stop();
});

type CardStore = Pick<PayDesk["store"], "record" | "openAttempts" | "attemptById">;

async function startCard({ payMs = 60_000, store = null as CardStore | null } = {}) {
  const asked: TerminalRequest[] = [];
  let tell: (event: TerminalEvent) => void = () => undefined;
  const terminal: PaymentTerminal = {
    name: "cards",
    start: (sink) => {
      tell = sink;
      sink({ kind: "health", health: { ok: true, reason: "" } });
      return Promise.resolve();
    },
    ask: (request) => void asked.push(request),
    stop: () => Promise.resolve(),
  };
  const card = createCardDesk({
    terminal,
    store: store ?? desk.store,
    clock: desk.desk.clock,
    currency: "EUR",
    payMs,
    payment: (paid) => cardPayment(desk.desk, paid, desk.mint),
    paid: () => undefined,
    stayChanged: (stayId) => void told.push(stayId),
    health: () => undefined,
    changed: () => undefined,
    log: { error: (_fields, message) => void errors.push(message) },
  });
  running.push(card);
  await card.start();
  return {
    card,
    asked,
    answer: (attemptId: AttemptId, outcome: TerminalOutcome) => tell({ kind: "result", attemptId, outcome }),
    ill: () => tell({ kind: "health", health: { ok: false, reason: "no line" } }),
  };
}
const errors: string[] = [];
const told: StayId[] = [];
const newAttempt = () => asId<AttemptId>(randomUUID());
const wish = (attemptId: AttemptId) => ({ attemptId, stayId: id, amountMinor: 400, actor: "alex" });
const approved: TerminalOutcome = { kind: "approved", receipt: "0471", card: "visa" };

describe("the desk's card payments", () => {
  it("are on the disk before the terminal is asked", async () => {
    const { card, asked } = await startCard();
    const attemptId = newAttempt();
    expect(card.begin(wish(attemptId)).ok).toBe(true);
    expect(asked.map(({ kind }) => kind)).toEqual(["authorise"]);
    expect(desk.store.attemptById(attemptId)).toMatchObject({
      status: "begun",
      place: "desk",
      detail: "alex",
    });
  });

  it("are not begun while the disk refuses, nor while the terminal does not work", async () => {
    const full = {
      ...desk.store,
      record: () => {
        throw new Error("disk full");
      },
    };
    const broken = await startCard({ store: full });
    expect(broken.card.begin(wish(newAttempt()))).toMatchObject({
      ok: false,
      error: { code: "store_failed" },
    });
    expect(broken.asked).toEqual([]);
    const { card, ill } = await startCard();
    ill();
    expect(card.begin(wish(newAttempt()))).toMatchObject({ ok: false, error: { code: "terminal_down" } });
    expect(errors).toHaveLength(1);
  });

  it("of an earlier run are asked about, and pay their stay when they were charged", async () => {
    const before = await startCard();
    const attemptId = newAttempt();
    before.card.begin(wish(attemptId));
    await before.card.close();
    const after = await startCard();
    await until(() => after.asked.length === 1, "the terminal to be asked");
    expect(after.asked).toEqual([{ kind: "enquire", attemptId, amountMinor: 400 }]);
    expect(desk.store.openAlarms("desk").map(({ kind }) => kind)).toEqual(["payment_in_doubt"]);
    after.answer(attemptId, approved);
    after.answer(attemptId, approved);
    expect(desk.store.attemptById(attemptId)).toMatchObject({ status: "approved", receipt: "0471" });
    expect(await desk.stay(id)).toMatchObject({
      due_minor: 0,
      payments: [{ method: "card", actor: "alex" }],
    });
    expect(desk.store.openAlarms("desk")).toEqual([]);
  });

  it("that are approved while the disk refuses are asked about until it does not", async () => {
    let full = false;
    const store = {
      ...desk.store,
      record: (...args: Parameters<PayDesk["store"]["record"]>) => {
        if (full) throw new Error("disk full");
        desk.store.record(...args);
      },
    };
    const { card, asked, answer } = await startCard({ store, payMs: 200 });
    const attemptId = newAttempt();
    card.begin(wish(attemptId));
    full = true;
    answer(attemptId, approved);
    expect((await desk.stay(id)).payments).toEqual([]);
    full = false;
    await until(() => asked.some(({ kind }) => kind === "enquire"), "the terminal to be asked again");
    answer(attemptId, approved);
    expect(await desk.stay(id)).toMatchObject({
      due_minor: 0,
      payments: [{ method: "card", amount_minor: 400 }],
    });
  });

  it("that nobody can tell of are settled by a person who has looked", async () => {
    const { card, answer } = await startCard();
    const attemptId = newAttempt();
    card.begin(wish(attemptId));
    const word = { reference: "0471", detail: "alex: in the journal", actor: "alex" };
    expect(card.vouch(attemptId, word)).toMatchObject({ ok: false, error: { code: "not_in_doubt" } });
    answer(attemptId, { kind: "unknown", reason: "no memory of it" });
    expect(card.vouch(attemptId, word).ok).toBe(true);
    expect(await desk.stay(id)).toMatchObject({
      due_minor: 0,
      payments: [{ method: "card", actor: "alex" }],
    });
    expect(card.openFor(id)).toBeNull();
  });

  it("are not asked for while a card is charged for the stay at an exit, or nobody knows (edge case 20)", async () => {
    const { card, asked } = await startCard();
    const atExit = newAttempt();
    const lane = (status: "begun" | "unknown" | "reversing" | "declined"): void => {
      const rest = { stayId: id, amountMinor: 400, receipt: null, detail: "" } as const;
      const record: GateRecord = { type: "attempt", attemptId: atExit, status, ...rest };
      desk.store.record({ place: "exit", records: [record] }, { wallMs: Date.now(), monotonicMs: 0 });
    };
    const begin = () => {
      const body = { amount_minor: 400, idempotency_key: randomUUID() };
      const begun = beginCard({ ...desk.desk, card }, id, body, "alex");
      return begun.ok ? "begun" : begun.error.code;
    };
    const cash = () => {
      const sum = { amount_minor: 400, tendered_minor: 400, accept_short: true };
      const body = { method: "cash", reference: null, idempotency_key: randomUUID(), ...sum } as const;
      const taken = takePayment({ ...desk.desk, card }, id, body, "alex");
      return taken.ok ? "taken" : taken.error.code;
    };
    const answers: string[][] = [];
    for (const status of ["begun", "unknown", "reversing", "declined"] as const) {
      lane(status);
      answers.push([begin(), cash()]);
    }
    expect(answers).toEqual([
      ["card_under_way", "card_under_way"],
      ["card_in_doubt", "card_in_doubt"],
      ["card_in_doubt", "card_in_doubt"],
      // Now the desk's own is under way.
      ["begun", "card_under_way"],
    ]);
    expect(asked).toHaveLength(1);
  });

  it("are told of when a card is asked for and when that is settled, whichever way it ends", async () => {
    const { card, answer } = await startCard();
    const outcomes: readonly TerminalOutcome[] = [
      { kind: "declined", reason: "no cover" },
      { kind: "refused", reason: "offline" },
      { kind: "reversed" },
      approved,
    ];
    for (const outcome of outcomes) {
      const attemptId = newAttempt();
      told.length = 0;
      card.begin(wish(attemptId));
      expect(told, "asked for").toEqual([id]);
      answer(attemptId, outcome);
      expect(told, `after it was ${outcome.kind}`).toEqual([id, id]);
    }
  });
});
