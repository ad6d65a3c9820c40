import type { ZoneClock } from "../../domain/local-day.ts";
import type { DayRule } from "../tariff-model.ts";
import { DAY_MS } from "./bands.ts";

const MIN_MS = 60_000;

/**
 * The days of a stay, by the tariff's kind of day: from `startMs` to `endMs`, one after the other. A day that begins
 * at a time of day begins when the clocks first show it, or at the jump over it: a night may have 23 or 25 hours.
 */
export class DayWalker {
  startMs: number;
  endMs: number;
  readonly #clock: ZoneClock;
  readonly #rolling: boolean;
  /** Local time at which the day ends. */
  #localEndMs = 0;

  constructor(rule: DayRule, clock: ZoneClock, entryMs: number) {
    this.#clock = clock;
    this.#rolling = rule.kind === "rolling";
    this.startMs = entryMs;
    this.endMs = entryMs + DAY_MS;
    if (this.#rolling) return;
    const beginMs = rule.kind === "calendar" ? 0 : rule.startMinute * MIN_MS;
    const localMs = entryMs + clock.spanAt(entryMs).offsetMs;
    // A hotel's first day lasts to check-out on the day after the entry, however early in the day that was.
    const days =
      rule.kind === "night" ? Math.floor(localMs / DAY_MS) : Math.floor((localMs - beginMs) / DAY_MS);
    this.#localEndMs = (days + 1) * DAY_MS + beginMs;
    this.endMs = clock.momentOf(this.#localEndMs);
    if (rule.kind !== "night") this.startMs = Math.min(entryMs, clock.momentOf(this.#localEndMs - DAY_MS));
    while (this.endMs <= entryMs) this.next();
  }

  next(): void {
    this.startMs = this.endMs;
    if (this.#rolling) {
      this.endMs += DAY_MS;
      return;
    }
    // A country that crosses the date line leaves out a day: there is nothing between its begin and its end.
    do {
      this.#localEndMs += DAY_MS;
      this.endMs = this.#clock.momentOf(this.#localEndMs);
    } while (this.endMs <= this.startMs);
  }
}
