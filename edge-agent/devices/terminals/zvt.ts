import { z } from "zod";
import type { TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { AttemptId } from "@parkme/shared/domain/ids";
import { asCurrency } from "@parkme/shared/domain/money";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { type ByteLine, createByteLine } from "../buses/byte-line.ts";
import { lineAddressOf, lineFields } from "../buses/line-address.ts";
import type { DeviceContext } from "../context.ts";
import { createHealthReport, type HealthReport } from "../health-report.ts";
import type { PaymentTerminal, TerminalEvent, TerminalRequest } from "../ports.ts";
import { type Attempts, createAttempts, type Enquiry } from "./zvt-attempts.ts";
import { type DialogueEnd, ZvtDialogue } from "./zvt-dialogue.ts";
import { readTerminalState, type StatusInformation } from "./zvt-fields.ts";
import { encodeBcd, ZVT } from "./zvt-frames.ts";
import { RESULT, resultText } from "./zvt-texts.ts";

/** ISO 4217 numbers of the currencies that ZVT terminals are used with. */
const CURRENCIES = {
  BGN: "975",
  CHF: "756",
  CZK: "203",
  DKK: "208",
  EUR: "978",
  GBP: "826",
  HUF: "348",
  NOK: "578",
  PLN: "985",
  RON: "946",
  SEK: "752",
  USD: "840",
} as const;
const currencySchema = z.enum(
  Object.keys(CURRENCIES) as [keyof typeof CURRENCIES, ...(keyof typeof CURRENCIES)[]],
);

/** Registration and enquiries are answered at once, give or take a slow network. */
const SHORT_MS = 10_000;
/** A terminal that hangs up after each payment, or restarts its network, is not ill yet. */
const GRACE_MS = 5_000;
const RETRY_MS = 3_000;

/** Config byte of the Registration (PA00P015, 2.1). */
const WE_PRINT = 0x02 | 0x04;
const INTERMEDIATE_STATUS = 0x08;
const WE_START_PAYMENTS = 0x10;
/** Service byte of a Repeat-Receipt (2.20): tell the last transaction, and print nothing. */
const TELL_ONLY = 0x03;
/** Service byte of a Status-Enquiry (2.55): without the version of the software. */
const NO_VERSION = 0x02;
const READY = 0x00;
const FIELD = { service: 0x03, amount: 0x04, currency: 0x49, receipt: 0x87 } as const;

export const zvtConfigSchema = z.strictObject({
  name: slugSchema,
  driver: z.literal("zvt"),
  /** Terminals listen on port 20007 unless they are set up otherwise. */
  tcp: lineFields.tcp.unwrap(),
  /** File with the terminal's password, six digits. */
  password_file: z.string().min(1).max(300),
  currency: currencySchema.default("EUR"),
  /** Nothing above this is asked of the terminal. */
  max_amount_minor: z.number().int().min(1).max(99_999_999).default(100_000),
  /** True = the terminal prints receipts; false = nobody does. */
  terminal_prints: z.boolean().default(false),
  /** How long the terminal may say nothing while a payment is under way. */
  silence_s: z.number().int().min(1).max(600).default(120),
  /**
   * After a payment in doubt: how long an idle terminal may still come to record it. Before, one that has no record
   * of it is not believed.
   */
  settle_s: z.number().int().min(1).max(3_600).default(90),
  /** How often the idle terminal is asked how it is. */
  check_s: z.number().int().min(1).max(3_600).default(30),
});
export type ZvtConfig = z.infer<typeof zvtConfigSchema>;

/**
 * A card terminal with the ZVT protocol over TCP. When a payment is in doubt it is never asked for again: see
 * {@link Attempts} for what makes it certain. `reverse` may be asked again when it is in doubt, as the terminal
 * reverses a receipt once only. Throws when `password_file` holds no password.
 */
export function createZvtTerminal(config: ZvtConfig, context: DeviceContext): PaymentTerminal {
  return new ZvtTerminal(config, context);
}

type Authorise = Extract<TerminalRequest, { kind: "authorise" }>;
type Reverse = Extract<TerminalRequest, { kind: "reverse" }>;

class ZvtTerminal implements PaymentTerminal {
  readonly name: string;
  readonly #config: ZvtConfig;
  readonly #context: DeviceContext;
  readonly #password: Uint8Array;
  readonly #line: ByteLine;
  readonly #dialogue: ZvtDialogue;
  readonly #attempts: Attempts;
  #sink: (event: TerminalEvent) => void = () => undefined;
  readonly #health: HealthReport = createHealthReport((health) => this.#sink({ kind: "health", health }));
  /** Work waits its turn here: the terminal does one thing at a time. */
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;
  #open = false;
  #registered = false;
  /** The payment or reversal that is under way. */
  #current: { readonly id: AttemptId; readonly reversal: boolean; givenUp: boolean } | null = null;
  #grace: NodeJS.Timeout | undefined;
  #next: NodeJS.Timeout | undefined;

  constructor(config: ZvtConfig, context: DeviceContext) {
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    this.#password = passwordOf(context.secret(config.password_file), config.name);
    this.#attempts = createAttempts({
      currency: asCurrency(config.currency),
      currencyNumber: Number(CURRENCIES[config.currency]),
      settleMs: config.settle_s * 1_000,
    });
    this.#line = createByteLine({
      address: lineAddressOf({ tcp: config.tcp, baud: 9_600, parity: "none" }),
      clock: context.clock,
      log: context.log,
      events: {
        onOpen: () => this.#onOpen(),
        onData: (chunk) => this.#dialogue.heard(chunk),
        onClose: (reason) => this.#onClose(reason),
      },
    });
    this.#dialogue = new ZvtDialogue((bytes) => this.#line.write(bytes), context.count);
  }

  start(sink: (event: TerminalEvent) => void): Promise<void> {
    this.#sink = sink;
    this.#graceBegins("no answer yet");
    this.#line.start();
    return Promise.resolve();
  }

  ask(request: TerminalRequest): void {
    switch (request.kind) {
      case "authorise":
        return this.#authorise(request);
      case "reverse":
        return this.#reverse(request);
      case "enquire":
        return this.#enquire(request);
      case "abort":
        return this.#abort(request.attemptId);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#grace);
    clearTimeout(this.#next);
    await this.#line.stop();
    this.#open = false;
    this.#registered = false;
    this.#dialogue.closed("the driver was stopped");
    await this.#turn;
  }

  #authorise(request: Authorise): void {
    const { attemptId, amountMinor, currency } = request;
    const refuse = (reason: string): void => this.#result(attemptId, { kind: "refused", reason });
    if (this.#attempts.knows(attemptId)) {
      // Asked for already: it is not asked for again, whatever became of it.
      const known = this.#attempts.certain(attemptId);
      return this.#result(attemptId, known ?? { kind: "unknown", reason: "it was asked for already" });
    }
    if (this.#current !== null) return refuse("another payment is under way");
    if (currency !== this.#config.currency) return refuse(`the terminal does not take ${currency}`);
    if (!Number.isInteger(amountMinor) || amountMinor < 1 || amountMinor > this.#config.max_amount_minor) {
      return refuse("the terminal must not be asked for this amount");
    }
    if (!this.#registered) return refuse("the terminal cannot be reached");
    const current = { id: attemptId, reversal: false, givenUp: false };
    this.#current = current;
    void this.#inTurn(async () => {
      // The last chance to learn of an earlier one: after this payment the terminal tells of this one.
      for (const earlier of this.#attempts.inDoubt()) await this.#findOut(earlier);
      const before = await this.#lastTransaction();
      const late = this.#context.clock.monotonicMs() >= request.deadlineMs;
      if (current.givenUp || late) {
        const reason = late ? "it is too late for this payment" : "given up before it began";
        return this.#conclude(attemptId, { kind: "refused", reason });
      }
      if (!this.#registered) {
        return this.#conclude(attemptId, { kind: "refused", reason: "the terminal cannot be reached" });
      }
      this.#conclude(attemptId, await this.#pay(request, before));
    });
  }

  async #pay(
    { attemptId, amountMinor }: Authorise,
    before: StatusInformation | null,
  ): Promise<TerminalOutcome> {
    const nowMs = this.#context.clock.monotonicMs();
    this.#attempts.begin(attemptId, { amountMinor, before, nowMs });
    const amount = encodeBcd(String(amountMinor).padStart(12, "0"));
    const data = Uint8Array.from([FIELD.amount, ...amount, FIELD.currency, ...this.#currency()]);
    let told = "";
    const end = await this.#dialogue.converse(ZVT.authorisation, data, {
      silenceMs: this.#config.silence_s * 1_000,
      onProgress: (text) => {
        if (text !== told) this.#sink({ kind: "progress", attemptId, text });
        told = text;
      },
    });
    this.#onEnd(end);
    return this.#attempts.ended(attemptId, end);
  }

  #reverse({ attemptId, receipt }: Reverse): void {
    const refuse = (reason: string): void => this.#result(attemptId, { kind: "refused", reason });
    if (this.#current !== null) return refuse("another payment is under way");
    if (!/^\d{4}$/.test(receipt)) return refuse("a receipt has four digits");
    const known = this.#attempts.certain(attemptId);
    if (known?.kind === "approved" && known.receipt !== receipt)
      return refuse("that is another payment's receipt");
    if (!this.#registered) return refuse("the terminal cannot be reached");
    this.#current = { id: attemptId, reversal: true, givenUp: false };
    void this.#inTurn(async () => {
      const data = Uint8Array.from([...this.#password, FIELD.receipt, ...encodeBcd(receipt)]);
      const end = await this.#dialogue.converse(ZVT.reversal, data, {
        silenceMs: this.#config.silence_s * 1_000,
      });
      this.#onEnd(end);
      this.#conclude(attemptId, this.#attempts.reversed(attemptId, end));
    });
  }

  #enquire(enquiry: Enquiry): void {
    const { attemptId } = enquiry;
    const known = this.#attempts.certain(attemptId);
    if (known !== null) return this.#result(attemptId, known);
    if (this.#current !== null) {
      return this.#result(attemptId, { kind: "unknown", reason: "the terminal is still at work" });
    }
    void this.#inTurn(async () => this.#result(attemptId, await this.#findOut(enquiry)));
  }

  /** Asks for no money: only whether the terminal is idle, and for its last transaction. */
  async #findOut(enquiry: Enquiry): Promise<TerminalOutcome> {
    const unknown = (reason: string): TerminalOutcome => ({ kind: "unknown", reason });
    if (!this.#registered) return unknown("the terminal cannot be reached");
    const state = await this.#state();
    if (state !== READY)
      return unknown(state === null ? "the terminal cannot be reached" : resultText(state));
    const last = await this.#lastTransaction();
    return this.#attempts.judge(enquiry, last, this.#context.clock.monotonicMs());
  }

  #abort(attemptId: AttemptId): void {
    const current = this.#current;
    if (current?.id !== attemptId || current.reversal) return;
    current.givenUp = true;
    // Harmless when the dialogue at hand is another one's; the terminal itself knows when it is too late.
    if (this.#attempts.knows(attemptId)) this.#dialogue.interrupt(ZVT.abortByUs);
  }

  #onOpen(): void {
    this.#open = true;
    this.#dialogue.opened();
    void this.#inTurn(() => this.#register());
  }

  #onClose(reason: string): void {
    this.#open = false;
    this.#registered = false;
    clearTimeout(this.#next);
    this.#dialogue.closed(reason);
    this.#graceBegins(reason);
  }

  #graceBegins(reason: string): void {
    this.#grace ??= setTimeout(() => this.#health.bad(`the terminal cannot be reached: ${reason}`), GRACE_MS);
  }

  async #register(): Promise<void> {
    if (!this.#open || this.#registered || this.#stopped) return;
    const receipts = this.#config.terminal_prints ? 0 : WE_PRINT;
    const configByte = INTERMEDIATE_STATUS | WE_START_PAYMENTS | receipts;
    const data = Uint8Array.from([...this.#password, configByte, ...this.#currency()]);
    const end = await this.#dialogue.converse(ZVT.registration, data, { silenceMs: SHORT_MS });
    this.#registered = end.kind === "completed" && this.#open;
    if (this.#registered) await this.#state();
    else if (end.kind === "refused" || end.kind === "aborted") {
      this.#ill(`the terminal refuses to work with us: ${resultText(end.code)}`);
    }
    this.#onEnd(end);
    this.#later(this.#registered ? this.#config.check_s * 1_000 : RETRY_MS);
  }

  /** Registers where that is still to be done, and asks how the terminal is where it is done. */
  #later(ms: number): void {
    clearTimeout(this.#next);
    if (this.#stopped || !this.#open) return;
    this.#next = setTimeout(() => {
      void this.#inTurn(async () => {
        if (!this.#registered) return this.#register();
        await this.#state();
        this.#later(this.#config.check_s * 1_000);
      });
    }, ms);
  }

  /** The terminal's state, which is its health; null = no answer. */
  async #state(): Promise<number | null> {
    const data = Uint8Array.from([...this.#password, FIELD.service, NO_VERSION]);
    const end = await this.#dialogue.converse(ZVT.statusEnquiry, data, { silenceMs: SHORT_MS });
    this.#onEnd(end);
    if (end.kind === "doubtful" || end.kind === "unsent") return null;
    const told = end.kind === "completed" ? readTerminalState(end.data) : end.code;
    // One that does not tell its state, or does not know the question, may be well all the same.
    const state = told === null || told === RESULT.notPossible ? READY : told;
    if (state === READY) this.#well();
    else this.#ill(resultText(state));
    return state;
  }

  /** Asked anew each time: somebody may have paid at the terminal itself. Null = it does not tell. */
  async #lastTransaction(): Promise<StatusInformation | null> {
    if (!this.#registered) return null;
    const data = Uint8Array.from([...this.#password, FIELD.service, TELL_ONLY]);
    const end = await this.#dialogue.converse(ZVT.repeatReceipt, data, { silenceMs: SHORT_MS });
    this.#onEnd(end);
    // Without a number it cannot be told from another one.
    return end.kind === "completed" && end.status?.receipt != null ? end.status : null;
  }

  #onEnd(end: DialogueEnd): void {
    if ((end.kind === "refused" || end.kind === "aborted") && end.code === RESULT.notRegistered) {
      this.#registered = false;
      this.#later(0);
    }
    // What the terminal may still say belongs to a dialogue that is over: it must not be taken for the next one's.
    if (end.kind === "doubtful") {
      this.#registered = false;
      this.#line.reset(end.reason);
    }
  }

  #well(): void {
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.#health.good();
  }

  #ill(reason: string): void {
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.#health.bad(reason);
  }

  #currency(): Uint8Array {
    return encodeBcd(`0${CURRENCIES[this.#config.currency]}`);
  }

  #conclude(attemptId: AttemptId, outcome: TerminalOutcome): void {
    this.#current = null;
    this.#result(attemptId, outcome);
  }

  #result(attemptId: AttemptId, outcome: TerminalOutcome): void {
    this.#sink({ kind: "result", attemptId, outcome });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work);
    return this.#turn;
  }
}

function passwordOf(text: string, terminal: string): Uint8Array {
  if (!/^\d{6}$/.test(text)) {
    throw new Error(`password_file of terminal ${terminal} must hold six digits`);
  }
  return encodeBcd(text);
}
