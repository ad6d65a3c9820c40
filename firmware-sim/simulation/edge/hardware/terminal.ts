import type { AttemptId } from "@parkme/shared/domain/ids";
import type { TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type {
  PaymentTerminal,
  TerminalEvent,
  TerminalRequest,
} from "../../../../edge-agent/devices/ports.ts";
import type { Life } from "../../time/virtual-time.ts";
import { Ears } from "./ears.ts";
import { later, type DeviceParts } from "./parts.ts";

/** One entry of the terminal's journal: the truth about the money. */
type Charge = { readonly amountMinor: number; readonly receipt: string; undone: boolean };

type Payment = {
  readonly attemptId: AttemptId;
  readonly amountMinor: number;
  readonly by: Life;
  /** A card was presented: whatever comes, it runs to its end. */
  isUnderWay: boolean;
  /** Ends the wait for a card. */
  readonly cancel: () => void;
  /** Programs that asked meanwhile what becomes of it. */
  readonly asked: Life[];
};

const SAYS_MS = 200;
const CHARGES_MS = 2_500;
const WAITS_FOR_CARD_MS = 60_000;
/** After so long without an answer the driver does not know any more. */
const GIVES_UP_MS = 10_000;

/** A card terminal with a journal of its own. It outlives the program that asks it. */
export class VirtualTerminal {
  private readonly faults = { declines: false, vague: false, silent: false };
  private readonly charges = new Map<string, Charge>();
  private payment: Payment | null = null;
  private readonly ears: Ears<TerminalEvent>;
  private readonly parts: DeviceParts;

  constructor(parts: DeviceParts) {
    this.parts = parts;
    this.ears = new Ears(parts.time);
  }

  port(name: string, life: Life): PaymentTerminal {
    return {
      name,
      start: (sink) => {
        this.ears.add(life, sink);
        this.tellHealth();
        return Promise.resolve();
      },
      ask: (request) => {
        if (life.alive) this.ask(request, life);
      },
      stop: () => Promise.resolve(),
    };
  }

  waiting(): { readonly attemptId: string; readonly amountMinor: number } | null {
    if (this.payment === null || this.payment.isUnderWay) return null;
    const { attemptId, amountMinor } = this.payment;
    return { attemptId, amountMinor };
  }

  present(card: "good" | "bad"): void {
    const { payment, faults, parts } = this;
    if (payment === null || payment.isUnderWay) return;
    payment.isUnderWay = true;
    payment.cancel();
    later(parts, CHARGES_MS, () => {
      const loses = faults.vague || faults.silent;
      const approves = card === "good" && !faults.declines && !(loses && parts.random.chance(0.5));
      if (approves) this.charge(payment);
      this.end(loses ? unknown("the line was lost") : this.truth(payment.attemptId));
    });
  }

  journal(attemptId: string): { readonly receipt: string } | null {
    const charge = this.charges.get(attemptId);
    return charge === undefined || charge.undone ? null : { receipt: charge.receipt };
  }

  set(fault: keyof VirtualTerminal["faults"], on: boolean): void {
    this.faults[fault] = on;
    if (fault === "silent") this.tellHealth();
  }

  private ask(request: TerminalRequest, by: Life): void {
    const { attemptId } = request;
    if (this.faults.silent) {
      if (request.kind !== "abort") this.answer(attemptId, unknown("it does not answer"), by, GIVES_UP_MS);
      return;
    }
    switch (request.kind) {
      case "authorise":
        return this.authorise(request, by);
      case "enquire":
        return this.enquire(attemptId, by);
      case "abort":
        if (this.payment?.attemptId === attemptId) this.abort();
        return;
      case "reverse":
        return this.reverse(attemptId, by);
      default:
        return request satisfies never;
    }
  }

  private authorise(
    { attemptId, amountMinor }: Extract<TerminalRequest, { kind: "authorise" }>,
    by: Life,
  ): void {
    if (this.payment !== null) {
      // Whoever asked for a card is gone: the terminal drops it for who asks now.
      if (!this.payment.by.alive) this.abort();
      return this.answer(attemptId, { kind: "refused", reason: "busy" }, by);
    }
    const cancel = later(this.parts, WAITS_FOR_CARD_MS, () => this.end(declined("no card came")));
    this.payment = { attemptId, amountMinor, by, isUnderWay: false, cancel, asked: [] };
  }

  private enquire(attemptId: AttemptId, by: Life): void {
    const { payment } = this;
    if (payment?.attemptId !== attemptId) {
      const vague = this.faults.vague && this.parts.random.chance(0.5);
      return this.answer(attemptId, vague ? unknown("the line was lost") : this.truth(attemptId), by);
    }
    if (payment.by !== by) payment.asked.push(by);
    if (!payment.by.alive) this.abort();
  }

  /** A card that is not presented yet will not be; one that is runs to its end. */
  private abort(): void {
    if (this.payment === null || this.payment.isUnderWay) return;
    this.payment.cancel();
    this.end(declined("it was aborted"));
  }

  private reverse(attemptId: AttemptId, by: Life): void {
    const charge = this.charges.get(attemptId);
    if (charge?.undone === false) {
      charge.undone = true;
      this.tellMoney("reversed", attemptId, charge.amountMinor);
    }
    const vague = this.faults.vague && this.parts.random.chance(0.5);
    this.answer(attemptId, vague ? unknown("the line was lost") : { kind: "reversed" }, by);
  }

  private charge({ attemptId, amountMinor }: Payment): void {
    this.charges.set(attemptId, { amountMinor, receipt: `R${this.charges.size + 1}`, undone: false });
    this.tellMoney("charged", attemptId, amountMinor);
  }

  private tellMoney(kind: "charged" | "reversed", attemptId: AttemptId, amountMinor: number): void {
    this.parts.tell({ kind, place: this.parts.lane, attemptId, amountMinor });
  }

  private end(outcome: TerminalOutcome): void {
    const { payment } = this;
    if (payment === null) return;
    this.payment = null;
    this.answer(payment.attemptId, outcome, payment.by);
    for (const asker of payment.asked) this.answer(payment.attemptId, this.truth(payment.attemptId), asker);
  }

  private truth(attemptId: AttemptId): TerminalOutcome {
    const receipt = this.journal(attemptId)?.receipt;
    return receipt === undefined
      ? declined("nothing was charged")
      : { kind: "approved", receipt, card: "**0042" };
  }

  private answer(attemptId: AttemptId, outcome: TerminalOutcome, by: Life, afterMs = SAYS_MS): void {
    this.ears.tell({ kind: "result", attemptId, outcome }, afterMs, by);
  }

  private tellHealth(): void {
    const health = this.faults.silent
      ? { ok: false, reason: "it does not answer" }
      : { ok: true, reason: "" };
    this.ears.tell({ kind: "health", health }, SAYS_MS);
  }
}

const declined = (reason: string): TerminalOutcome => ({ kind: "declined", reason });
const unknown = (reason: string): TerminalOutcome => ({ kind: "unknown", reason });
