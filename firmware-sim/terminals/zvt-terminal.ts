import { commandFields, packed, unpacked, withLength, zvtMessage, type ZvtMessage } from "./zvt-codec.ts";
import { bookingFields, type Booking, type Ledger } from "./zvt-ledger.ts";

const HEAD = {
  registration: 0x0600,
  authorisation: 0x0601,
  repeatReceipt: 0x0620,
  reversal: 0x0630,
  abort: 0x06b0,
  enquiry: 0x0501,
};
const CODE = {
  ready: 0x00,
  declined: 0x05,
  notRegistered: 0x6b,
  cancelled: 0x6c,
  currency: 0x6f,
  impossible: 0x83,
  syntax: 0x9a,
  busy: 0x9c,
  reversed: 0xb4,
  irreversible: 0xb5,
};
const SHOW = { insertCard: 0x0a, bank: 0x04 };
const ACK = zvtMessage(0x8000);
const TERMINAL_ID = Buffer.from("2952500038", "hex");

/** What happens to the next payment, in place of an ordinary end. */
export type Mishap =
  /** It acknowledges and then says nothing more; the payment is given up when the line breaks. */
  | { readonly kind: "hang" }
  /** The line is cut before or after the payment is booked. */
  | { readonly kind: "drop"; readonly booked: boolean }
  /** The line is cut, and the payment is booked so much later; `sly` = it claims to be idle meanwhile. */
  | { readonly kind: "late"; readonly afterMs: number; readonly sly: boolean };
export type CardDeed = "approve" | "decline" | "timeout";

export type ZvtTerminalOptions = {
  readonly ledger: Ledger;
  /** Six digits. */
  readonly password: string;
  readonly currency: number;
  readonly bankMs: number;
  /** It takes a payment back whose result was not acknowledged. */
  readonly autoReversal: boolean;
  readonly wholeNumber: boolean;
  readonly send: (bytes: Buffer) => void;
  readonly cutLine: () => void;
  /** A payment or reversal is over: some terminals hang up now. */
  readonly onDone: () => void;
};

type Payment = {
  readonly amount: number;
  step: "card" | "bank" | "hanging" | "late";
  timer: NodeJS.Timeout | undefined;
  sly: boolean;
};

/** A payment terminal behind one connection at a time; it books into its ledger. */
export class ZvtTerminal {
  readonly #options: ZvtTerminalOptions;
  #registered = false;
  #payment: Payment | null = null;
  /** Messages that wait until the one before them is acknowledged. */
  #outgoing: Buffer[] = [];
  /** What it has shown on the way and nobody has acknowledged yet. */
  #shown = 0;
  #unacknowledged: Booking | null = null;
  /** The command at hand is one about money. */
  #moneyMoves = false;
  #armed: CardDeed | null = null;
  #mishap: Mishap | null = null;
  #refusal: { readonly code: number; readonly command: string | null } | null = null;
  readonly #commands: Record<string, number> = {};

  constructor(options: ZvtTerminalOptions) {
    this.#options = options;
  }

  hear(message: ZvtMessage): void {
    const head = message.class * 256 + message.instruction;
    if (message.class === 0x80 || head === 0x8400) return this.#acknowledged();
    const name = Object.entries(HEAD).find(([, value]) => value === head)?.[0];
    if (name === undefined) return this.#nack(CODE.impossible);
    this.#commands[name] = (this.#commands[name] ?? 0) + 1;
    if (this.#refusal !== null && (this.#refusal.command ?? name) === name) {
      const { code } = this.#refusal;
      this.#refusal = null;
      return this.#nack(code);
    }
    if (head === HEAD.abort) return this.#abort();
    if (this.#busy() && head !== HEAD.enquiry) return this.#nack(CODE.busy);
    if (!this.#registered && head !== HEAD.registration) return this.#nack(CODE.notRegistered);
    this.#obey(head, message.data);
  }

  /** The cash register has hung up. */
  disconnected(): void {
    const { autoReversal, ledger } = this.#options;
    if (autoReversal && this.#unacknowledged !== null) ledger.reverse(this.#unacknowledged.receipt);
    this.#unacknowledged = null;
    this.#outgoing = [];
    this.#shown = 0;
    if (this.#payment?.step !== "late") this.#giveUp();
  }

  /** What the customer does, now or at the next payment. */
  card(deed: CardDeed): void {
    const payment = this.#payment;
    if (payment?.step !== "card") {
      this.#armed = deed;
      return;
    }
    if (deed === "timeout") return this.#fail(CODE.cancelled);
    const mishap = this.#mishap;
    if (mishap?.kind === "drop" && !mishap.booked) {
      this.#giveUp();
      return this.#cutLine();
    }
    payment.step = "bank";
    this.#show(SHOW.bank);
    if (mishap?.kind === "late") return this.#bookLate(payment, mishap);
    payment.timer = setTimeout(() => this.#bankAnswers(payment, deed), this.#options.bankMs);
  }

  mishap(mishap: Mishap): void {
    this.#mishap = mishap;
  }

  /** The next command is refused with this code; null = whatever it is. Throws on an unknown command. */
  refuse(code: number, command: string | null): void {
    if (command !== null && !Object.hasOwn(HEAD, command)) {
      throw new Error(`the commands are ${Object.keys(HEAD).join(", ")}`);
    }
    this.#refusal = { code, command };
  }

  /** Power off and on: it forgets who registered, and what was under way. */
  reboot(): void {
    this.#giveUp();
    this.#registered = false;
    this.#unacknowledged = null;
    this.#options.cutLine();
  }

  state(): Readonly<Record<string, unknown>> {
    const { ledger } = this.#options;
    return {
      registered: this.#registered,
      waiting: this.#payment?.step ?? null,
      balance: ledger.balance(),
      bookings: ledger.bookings(),
      commands: this.#commands,
    };
  }

  stop(): void {
    this.#giveUp();
  }

  #busy(): boolean {
    return (this.#payment !== null && !this.#payment.sly) || this.#outgoing.length > 0;
  }

  #obey(head: number, data: Buffer): void {
    const { password, send } = this.#options;
    const locked = head !== HEAD.authorisation;
    if (locked && data.subarray(0, 3).toString("hex") !== password) return this.#nack(CODE.impossible);
    const rest = locked ? data.subarray(3) : data;
    const fields = head === HEAD.registration ? new Map<number, Buffer>() : commandFields(rest);
    if (fields === null) return this.#nack(CODE.syntax);
    send(ACK);
    this.#moneyMoves = head === HEAD.authorisation || head === HEAD.reversal;
    switch (head) {
      case HEAD.registration:
        return this.#register(rest);
      case HEAD.authorisation:
        return this.#authorise(fields);
      case HEAD.repeatReceipt:
        return this.#repeat();
      case HEAD.reversal:
        return this.#reverse(fields);
      default:
        return this.#tell(completion(Buffer.of(this.#payment?.sly === false ? CODE.busy : CODE.ready)));
    }
  }

  #register(config: Buffer): void {
    const { currency } = this.#options;
    this.#registered = config.length < 3 || unpacked(config.subarray(1, 3)) === currency;
    if (!this.#registered) return this.#tell(aborted(CODE.currency));
    const currencyField = Buffer.concat([Buffer.of(0x49), packed(currency, 2)]);
    this.#tell(completion(Buffer.concat([Buffer.of(0x19, 0x00), TERMINAL_ID, currencyField])));
  }

  #authorise(fields: ReadonlyMap<number, Buffer>): void {
    const amount = unpacked(fields.get(0x04) ?? Buffer.alloc(0));
    const asked = fields.get(0x49);
    if (asked !== undefined && unpacked(asked) !== this.#options.currency) {
      return this.#tell(aborted(CODE.currency));
    }
    if (amount === null || amount === 0) return this.#tell(aborted(CODE.syntax));
    const hangs = this.#mishap?.kind === "hang";
    this.#payment = { amount, step: hangs ? "hanging" : "card", timer: undefined, sly: false };
    if (hangs) {
      this.#mishap = null;
      return;
    }
    this.#show(SHOW.insertCard);
    const deed = this.#armed;
    this.#armed = null;
    if (deed !== null) this.card(deed);
  }

  #bankAnswers({ amount }: Payment, deed: CardDeed): void {
    if (deed === "decline") return this.#fail(CODE.declined);
    this.#giveUp();
    const booking = this.#options.ledger.charge(amount);
    this.#unacknowledged = booking;
    if (this.#mishap?.kind === "drop") return this.#cutLine();
    this.#tell(this.#status(booking), completion());
  }

  #bookLate(payment: Payment, { afterMs, sly }: Extract<Mishap, { kind: "late" }>): void {
    payment.step = "late";
    payment.sly = sly;
    payment.timer = setTimeout(() => {
      this.#giveUp();
      this.#options.ledger.charge(payment.amount);
    }, afterMs);
    this.#cutLine();
  }

  #repeat(): void {
    const last = this.#options.ledger.bookings().at(-1);
    if (last === undefined) this.#tell(aborted(CODE.impossible));
    else this.#tell(this.#status(last), completion());
  }

  #reverse(fields: ReadonlyMap<number, Buffer>): void {
    const receipt = unpacked(fields.get(0x87) ?? Buffer.alloc(0));
    const booking = receipt === null ? null : this.#options.ledger.reverse(receipt);
    if (booking === "already") return this.#tell(aborted(CODE.reversed));
    if (booking === null) return this.#tell(aborted(CODE.irreversible));
    this.#tell(this.#status(booking), completion());
  }

  #abort(): void {
    if (this.#payment?.step !== "card") return this.#nack(CODE.impossible);
    this.#options.send(ACK);
    this.#fail(CODE.cancelled);
  }

  #fail(code: number): void {
    this.#giveUp();
    const words = withLength(0x3c, 3, Buffer.from(code === CODE.cancelled ? "Abbruch" : "Abgelehnt"));
    const failure = zvtMessage(0x040f, Buffer.concat([Buffer.of(0x27, code), TERMINAL_ID, words]));
    this.#tell(failure, aborted(code));
  }

  #giveUp(): void {
    clearTimeout(this.#payment?.timer);
    this.#payment = null;
    this.#outgoing = [];
  }

  #cutLine(): void {
    this.#mishap = null;
    this.#options.cutLine();
  }

  #status(booking: Booking): Buffer {
    return zvtMessage(0x040f, bookingFields(booking, this.#options));
  }

  #show(code: number): void {
    this.#shown += 1;
    this.#options.send(zvtMessage(0x04ff, Buffer.of(code)));
  }

  #nack(code: number): void {
    this.#options.send(zvtMessage(0x8400 + code));
  }

  /** Says these in turn, each when the one before it is acknowledged. */
  #tell(...messages: readonly Buffer[]): void {
    this.#outgoing = [...messages];
    this.#sayNext();
  }

  #acknowledged(): void {
    if (this.#shown > 0) {
      this.#shown -= 1;
      return;
    }
    if (this.#outgoing.length === 0) return;
    this.#unacknowledged = null;
    this.#outgoing.shift();
    if (this.#outgoing.length > 0) this.#sayNext();
    else if (this.#moneyMoves) this.#options.onDone();
  }

  #sayNext(): void {
    const [next] = this.#outgoing;
    if (next !== undefined) this.#options.send(next);
  }
}

function completion(data?: Buffer): Buffer {
  return zvtMessage(0x060f, data);
}

function aborted(code: number): Buffer {
  return zvtMessage(0x061e, Buffer.of(code));
}
