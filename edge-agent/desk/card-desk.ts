import type { Clock } from "@parkme/shared/domain/clock";
import { readClock } from "@parkme/shared/domain/clock";
import { type Refusal, refusal } from "@parkme/shared/domain/errors";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { AttemptId, StayId } from "@parkme/shared/domain/ids";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { Health, PaymentTerminal, TerminalEvent } from "../devices/ports.ts";
import type { Store } from "../store/store.ts";
import {
  answer,
  begin,
  type CardPaid,
  type CardState,
  type CardStep,
  chase,
  nextAskMs,
  noAttempts,
  stop,
  takeUp,
  vouch,
  whyNot,
} from "./card-machine.ts";
import { DESK } from "./place.ts";

export type CardDeskOptions = {
  readonly terminal: PaymentTerminal;
  readonly store: Pick<Store, "record" | "openAttempts" | "attemptById">;
  readonly clock: Clock;
  readonly currency: string;
  /** How long the terminal may take to answer. */
  readonly payMs: number;
  /** An approved payment as it is booked. */
  readonly payment: (paid: CardPaid) => GateRecord;
  /** After a payment was booked. */
  readonly paid: (paid: CardPaid) => void;
  /** After a card was asked for, and when it is known what became of that: lanes and pay stations wait for it. */
  readonly stayChanged: (stayId: StayId) => void;
  readonly health: (device: string, health: Health) => void;
  readonly changed: () => void;
  readonly log: { readonly error: (fields: object, message: string) => void };
};

const WHY_NOT = {
  card_in_doubt: "It is not known yet whether an earlier card payment of this stay was charged.",
  terminal_busy: "The terminal is busy with another payment.",
} as const;

/** Runs the machine: writes before it asks, and asks again when it is not answered. */
function createCardRunner(options: CardDeskOptions) {
  const { terminal, store, clock, payMs, log } = options;
  let state: CardState = noAttempts;
  let timer: NodeJS.Timeout | null = null;
  let running = false;
  let complained = false;
  const time = () => ({ nowMs: clock.monotonicMs(), payMs });

  /** The payment and what became of its attempt are one transaction. What cannot be written did not happen. */
  function apply(step: CardStep): boolean {
    try {
      const records = step.paid === null ? step.records : [options.payment(step.paid), ...step.records];
      if (records.length > 0) store.record({ place: DESK, records }, readClock(clock));
      complained = false;
    } catch (error) {
      if (!complained) log.error({ err: error }, "a card payment at the desk could not be written");
      complained = true;
      return false;
    }
    state = step.state;
    for (const order of step.orders) terminal.ask(order);
    if (step.paid !== null) options.paid(step.paid);
    for (const record of step.records) if (record.type === "attempt") options.stayChanged(record.stayId);
    if (step.records.length > 0) options.changed();
    schedule();
    return true;
  }

  function schedule(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const atMs = nextAskMs(state);
    if (atMs === null || !running) return;
    timer = setTimeout(wake, Math.max(0, Math.ceil(atMs - clock.monotonicMs())));
  }

  function wake(): void {
    timer = null;
    // A disk that refuses is tried again as if the terminal had been silent once more.
    if (!apply(chase(state, time()))) timer = setTimeout(wake, payMs);
  }

  /** Who began an attempt is the word of its first step; once it is in doubt, that is not the last any more. */
  function actorOf(attemptId: AttemptId): string {
    const attempt = store.attemptById(attemptId);
    return attempt?.status === "begun" ? attempt.detail : "terminal";
  }

  return {
    state: (): CardState => state,
    time,
    apply,
    start: async (hear: (event: TerminalEvent) => void): Promise<void> => {
      running = true;
      const open = store.openAttempts(DESK);
      state = takeUp(
        open.map((attempt) => ({ ...attempt, actor: actorOf(attempt.attemptId) })),
        clock.monotonicMs(),
      );
      await terminal.start(hear);
      schedule();
    },
    stop: async (): Promise<void> => {
      running = false;
      if (timer !== null) clearTimeout(timer);
      await terminal.stop();
    },
  };
}

/** The card terminal of the desk. */
export type CardDesk = ReturnType<typeof createCardDesk>;

export function createCardDesk(options: CardDeskOptions) {
  const { terminal, currency } = options;
  const { state, time, apply, ...runner } = createCardRunner(options);
  let health: Health = { ok: false, reason: "the terminal has not answered yet" };
  let progress: { readonly attemptId: AttemptId; readonly text: string } | null = null;

  function hear(event: TerminalEvent): void {
    switch (event.kind) {
      case "health":
        health = event.health;
        return options.health(terminal.name, event.health);
      case "progress":
        progress = event;
        return options.changed();
      case "result":
        apply(answer(state(), event.attemptId, event.outcome, time()));
        return;
      default:
        event satisfies never;
    }
  }

  return {
    /** Asks for a card. The attempt's id is the caller's, and never asked for twice. */
    begin: (wish: Parameters<typeof begin>[1]): Result<void, Refusal> => {
      const why = whyNot(state(), wish.stayId);
      if (why !== null) return err(refusal(why, "operator", WHY_NOT[why]));
      if (!health.ok)
        return err(refusal("terminal_down", "device", `The terminal does not work: ${health.reason}.`));
      return apply(begin(state(), wish, { ...time(), currency })) ? ok(undefined) : err(DISK);
    },
    stop: (attemptId: AttemptId): void => void apply(stop(state(), attemptId)),
    /** A person vouches for what became of an attempt in doubt. */
    vouch: (attemptId: AttemptId, word: Parameters<typeof vouch>[2]): Result<void, Refusal> => {
      const step = vouch(state(), attemptId, word);
      if (step === null) return err(refusal("not_in_doubt", "operator", "This payment is not in doubt."));
      return apply(step) ? ok(undefined) : err(DISK);
    },
    /** A payment that the terminal has not settled. */
    openFor: (stayId: StayId): AttemptId | null =>
      state().attempts.findLast((one) => one.stayId === stayId)?.attemptId ?? null,
    /** What the terminal tells the driver meanwhile. */
    progress: (attemptId: AttemptId): string | null =>
      progress?.attemptId === attemptId ? progress.text : null,
    start: () => runner.start(hear),
    close: runner.stop,
  };
}

const DISK = refusal(
  "store_failed",
  "device",
  "The disk refuses to write. Nothing was asked of the terminal.",
);
