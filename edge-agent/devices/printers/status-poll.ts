import { type EscposMessage, type FullStatus, type StatusAnswers, statusQuery } from "./escpos-status.ts";

/** An answer takes milliseconds; some printers give none while the paper moves. */
const REPEAT_AFTER_MS = 2_000;
/** What may still come of an earlier question is over by then. */
const DRAIN_MS = 300;
/** A byte too many shifts the answers by one: the last one then comes after the round seems to be over. */
const SETTLE_MS = 50;

type Question = 1 | 2 | 3 | 4 | 20;

export type StatusPollOptions = {
  readonly asksFullStatus: boolean;
  readonly pollMs: number;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Returns how long it will be, in milliseconds, until the question is out. */
  readonly send: (bytes: Uint8Array) => number;
  /** A whole round was answered, and nothing else was heard meanwhile. */
  readonly onAnswers: (answers: StatusAnswers, round: number) => void;
};

/**
 * Asks for the status, round after round, one question at a time: the answers are single bytes that do not say
 * what they answer. So nothing of a round is believed in which a byte too many came, and a question that had to be
 * repeated spoils its round: its first answer may yet come.
 */
export class StatusPoll {
  readonly #options: StatusPollOptions;
  readonly #questions: readonly Question[];
  #state: "stopped" | "idle" | "asking" | "settling" | "draining" = "stopped";
  #round = 0;
  #isRepeated = false;
  /** Another round right after this one. */
  #again = false;
  #bytes: number[] = [];
  #full: FullStatus | null = null;
  #askedAtMs = 0;
  #slowestMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StatusPollOptions) {
    this.#options = options;
    this.#questions = options.asksFullStatus ? [1, 2, 3, 4, 20] : [1, 2, 3, 4];
  }

  start(): void {
    if (this.#state === "stopped") this.#begin();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#state = "stopped";
    this.#again = false;
  }

  /** Begins a round at once, or as soon as the one under way is over; returns its number. */
  fresh(): number {
    if (this.#state === "idle") {
      this.#begin();
      return this.#round;
    }
    this.#again = this.#state === "asking" || this.#state === "settling";
    return this.#round + 1;
  }

  /** Takes everything that may be an answer. False = it answers nothing, and nothing is believed for now. */
  hear(message: EscposMessage): boolean {
    if (this.#state === "settling") return this.#drain(false);
    if (this.#state !== "asking") return this.#state === "draining";
    const question = this.#question();
    if (message.kind === "full" && question === 20) this.#full = message.status;
    else if (message.kind === "realtime" && question !== 20) this.#bytes.push(message.status);
    else return this.#drain(false);
    if (this.#isRepeated) return this.#drain(true);
    this.#slowestMs = Math.max(this.#slowestMs, this.#options.nowMs() - this.#askedAtMs);
    if (this.#question() === undefined) this.#settle();
    else this.#ask();
    return true;
  }

  #question(): Question | undefined {
    return this.#questions[this.#bytes.length + (this.#full === null ? 0 : 1)];
  }

  #begin(): void {
    this.#round += 1;
    this.#state = "asking";
    this.#again = false;
    this.#isRepeated = false;
    this.#slowestMs = 0;
    this.#bytes = [];
    this.#full = null;
    this.#ask();
  }

  #ask(): void {
    clearTimeout(this.#timer);
    this.#askedAtMs = this.#options.nowMs();
    const outMs = this.#options.send(statusQuery(this.#question() ?? 1));
    this.#timer = setTimeout(() => this.#repeat(), outMs + REPEAT_AFTER_MS);
  }

  #repeat(): void {
    this.#isRepeated = true;
    this.#ask();
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#state = "settling";
    this.#timer = setTimeout(() => this.#answered(), SETTLE_MS + 2 * this.#slowestMs);
  }

  #answered(): void {
    const [printer = 0, offline = 0, error = 0, paper = 0] = this.#bytes;
    const answers = { printer, offline, error, paper, full: this.#full };
    const round = this.#round;
    this.#state = "idle";
    if (this.#again) this.#begin();
    else this.#timer = setTimeout(() => this.#begin(), this.#options.pollMs);
    this.#options.onAnswers(answers, round);
  }

  #drain(understood: boolean): boolean {
    clearTimeout(this.#timer);
    this.#state = "draining";
    this.#timer = setTimeout(() => this.#begin(), DRAIN_MS);
    return understood;
  }
}
