import type { Clock } from "@parkme/shared/domain/clock";
import type { BookPage } from "@parkme/shared/protocol/equality";
import type { LogPlace } from "@parkme/shared/protocol/log";
import { reasonOf } from "./cloud-http.ts";
import { askUnequal, drill, type Drilling } from "./equality-drill.ts";
import { daysDue, pagesOf, reportPages, type Books } from "./equality-report.ts";
import { createNap, type Timers } from "./nap.ts";

export type EqualityOptions = {
  readonly books: Books;
  /** Where the log ends. */
  readonly head: () => LogPlace;
  /** The cloud has committed the log up to here. */
  readonly acked: () => number;
  /** The cloud is connected, and takes our log; false while a restore is under way. */
  readonly ready: () => boolean;
  /** Asks the cloud, with a POST where there is a body; throws when there is no answer. */
  readonly ask: Drilling["ask"];
  /** The books differ, and how; null = they do not. Again without effect. */
  readonly alarm: (detail: string | null) => void;
  /** Something was written to the log. */
  readonly written: () => void;
  readonly clock: Clock;
  readonly timers?: Timers;
  readonly note: {
    readonly info: (fields: object, message: string) => void;
    readonly warn: (fields: object, message: string) => void;
  };
};

export type Equality = {
  readonly start: () => void;
  /** Both sides have said where they are: the cloud may be an older one than it was, so all recent days are due. */
  readonly agreed: () => void;
  /** The cloud asks which rows of a day we have. */
  readonly asked: () => void;
  readonly stop: () => Promise<void>;
};

/** How often it is looked whether something is due. */
const LOOK_MS = 5_000;
const HOUR_MS = 3_600_000;
/** With more than this on its way the cloud has more urgent things to do. */
const MAX_WAITING = 500;
/** After the cloud has given no proper answer. */
const RETRY_MS = 60_000;
/** The cloud has the report by then, or the link is down. */
const ACK_MS = 120_000;
const ACK_LOOK_MS = 500;
/** Days and kinds of rows that are looked into in one go. */
const MAX_DRILLS = 50;

/** Proves every hour that the gate's books and the cloud's are the same. See shared/protocol/equality. */
export function createEquality(options: EqualityOptions): Equality {
  const { head, acked, ready, clock, note } = options;
  const stopping = new AbortController();
  const nap = createNap(stopping.signal, options.timers);
  const about = drillingOf(options, nap, stopping.signal);
  let running: Promise<void> = Promise.resolve();
  /** The last report, and the history of the log that it is in. */
  let reported: { readonly seq: number; readonly epoch: number; readonly atMs: number } | null = null;
  /** The link was down since. */
  let wasAway = false;
  /** A cloud that was put back may differ in days that have not changed since the last report. */
  let allDue = false;
  /** The cloud is to be asked what differs. */
  let isQuestion = false;
  /** After a failure, nothing is tried before this. */
  let notBeforeMs = -Infinity;
  let unequal: readonly BookPage[] = [];

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await turn();
      } catch (error) {
        isQuestion = true;
        notBeforeMs = clock.monotonicMs() + RETRY_MS;
        if (!stopping.signal.aborted)
          note.warn({ reason: reasonOf(error) }, "the books could not be compared; it is tried again");
      }
      await nap.untilPoked(LOOK_MS);
    }
  }

  async function turn(): Promise<void> {
    if (!ready()) wasAway = true;
    if (!ready() || head().seq - acked() > MAX_WAITING || clock.monotonicMs() < notBeforeMs) return;
    if (isReportDue()) await report();
    if (!isQuestion || reported === null || acked() < reported.seq) return;
    isQuestion = false;
    unequal = await settle(about, options);
  }

  function isReportDue(): boolean {
    if (reported === null || wasAway || allDue || head().epoch !== reported.epoch) return true;
    return clock.monotonicMs() - reported.atMs >= HOUR_MS;
  }

  async function report(): Promise<void> {
    const { epoch } = head();
    const since = reported?.epoch === epoch && !allDue ? reported.seq : null;
    wasAway = allDue = false;
    const days = await daysDue(about, since);
    const also = unequal.filter(({ day }) => !days.includes(day));
    const atMs = clock.monotonicMs();
    const seq = (await reportPages(about, [...pagesOf(days), ...also])) ?? head().seq;
    if (stopping.signal.aborted) return;
    reported = { seq, epoch, atMs };
    isQuestion = true;
    options.written();
    for (let waitedMs = 0; acked() < seq && ready() && waitedMs < ACK_MS; waitedMs += ACK_LOOK_MS)
      await nap.sleep(ACK_LOOK_MS);
  }

  return {
    start: () => {
      running = run();
    },
    agreed: () => {
      allDue = true;
      nap.poke();
    },
    asked: () => {
      isQuestion = true;
      nap.poke();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

type About = Drilling & { readonly wallMs: () => number };

function drillingOf(
  { books, head, acked, ask, clock }: EqualityOptions,
  nap: ReturnType<typeof createNap>,
  stopping: AbortSignal,
): About {
  const headSeq = (): number => head().seq;
  const pause = (): Promise<void> => nap.sleep(0);
  return { books, headSeq, acked, ask, pause, sleep: nap.sleep, stopping, wallMs: clock.wallMs };
}

const MAX_DETAIL = 200;

/** Asks what differs, finds the rows, and says so. @returns what differs. */
async function settle(about: About, { alarm, note }: EqualityOptions): Promise<readonly BookPage[]> {
  const { pages, total } = await askUnequal(about);
  if (total === 0) {
    alarm(null);
    return pages;
  }
  const found: string[] = [];
  for (const page of pages.slice(0, MAX_DRILLS)) {
    if (about.stopping.aborted) return pages;
    const rows = await drill(about, page);
    found.push(`${page.day} ${page.subject}${rows === null ? "" : ` (${rows})`}`);
  }
  note.warn({ total, found }, "the gate's books and the cloud's are not the same");
  alarm(`not the same as in the cloud: ${found.join(", ")}`.slice(0, MAX_DETAIL));
  return pages;
}
