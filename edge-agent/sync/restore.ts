import type { Clock } from "@parkme/shared/domain/clock";
import type { HelloAnswer, LogPlace, NewEpoch } from "@parkme/shared/protocol/log";
import { type ChainedLine, RestoreRefused } from "../store/restore-lines.ts";
import type { Hole, Restoring } from "../store/restoring.ts";
import { askCloud, type CloudAddress } from "./cloud-request.ts";
import { createNap } from "./nap.ts";
import { endOf, fetchPage, type LineEnd, type Page } from "./restore-pages.ts";

export type RestoreOptions = CloudAddress & {
  readonly log: {
    readonly restoring: Restoring;
    /** Null = it was pruned, or never written. */
    readonly hashAt: (seq: number) => string | null;
    readonly linkState: () => {
      readonly epoch: number;
      readonly anchorSeq: number;
      /** The current epoch begins behind it. */
      readonly parentSeq: number | null;
      readonly epochReason: string | null;
    };
  };
  readonly bootId: string;
  readonly clock: Clock;
  /** The alarm that the database was restored; to begin it twice changes nothing. */
  readonly alarm: { readonly begin: (detail: string) => void; readonly over: () => void };
  readonly note: { readonly info: (fields: object, message: string) => void };
};

export type Progress = { readonly adopted: number; readonly of: number };
export type Restore = {
  /** What is still to be adopted; null = nothing is. */
  readonly place: () => Hole | null;
  readonly notNeeded: () => void;
  /**
   * Gets back all that the cloud knows and this gate does not. Killed or stopped at any moment, it goes on from there.
   *
   * @throws RestoreRefused when what the cloud gives is not its log; any other error when it could not be asked.
   */
  readonly run: (answer: HelloAnswer, stopping: AbortSignal) => Promise<"done" | "stopped">;
  /**
   * Tells the cloud of the epoch that began behind the end of its log; nothing, while it lacks lines of older ones.
   *
   * @throws when the cloud could not be asked, or does not take it.
   */
  readonly tellEpoch: (answer: HelloAnswer, stopping: AbortSignal) => Promise<void>;
  readonly progress: () => Progress | null;
};

/** Of lines that are adopted in one transaction, in characters: a few milliseconds. */
const PORTION = 32_768;

/** Adopts what the cloud knows after the database was restored. See store/restoring.ts. */
export function createRestore(options: RestoreOptions): Restore {
  const { log, alarm, note, clock } = options;
  const { restoring } = log;

  async function begin({ common, head }: HelloAnswer, stopping: AbortSignal): Promise<void> {
    const both = await walkOn(options, common, head, stopping);
    restoring.begin({ common: both, head });
    note.info(
      { common: both.seq, head: head.seq },
      "the database was restored: what it lacks comes from the cloud",
    );
  }

  /** Whether what is to be adopted is still a beginning of the cloud's log. */
  function isStillThere({ parent }: Hole, head: LogPlace): boolean {
    if (parent.seq === head.seq) return parent.hash === head.hash;
    return head.seq > parent.seq && log.hashAt(head.seq) === head.hash;
  }

  async function adopt(answer: HelloAnswer, stopping: AbortSignal): Promise<void> {
    const left = restoring.place();
    if (left === null || !isStillThere(left, answer.head)) await begin(answer, stopping);
    const hole = restoring.place();
    if (hole === null) throw new RestoreRefused("nothing is to be adopted");
    const missing = hole.parent.seq - hole.commonSeq;
    if (missing > 0) alarm.begin(`lines ${hole.commonSeq + 1} to ${hole.parent.seq} come from the cloud`);
    const gently = paced(options, stopping);
    while (!stopping.aborted && (await gently(restoring.prepare)));
    for await (const lines of pagesOf(options, hole, stopping)) {
      for (const some of portionsOf(lines)) {
        if (stopping.aborted) return;
        await gently(() => restoring.adopt(some, clock.wallMs()));
      }
    }
    if (stopping.aborted) return;
    restoring.finish(clock.wallMs());
    alarm.over();
  }

  async function run(answer: HelloAnswer, stopping: AbortSignal): Promise<"done" | "stopped"> {
    try {
      await adopt(answer, stopping);
    } catch (error) {
      if (!stopping.aborted) throw error;
    }
    return restoring.place() === null ? "done" : "stopped";
  }

  async function tellEpoch({ head }: HelloAnswer, stopping: AbortSignal): Promise<void> {
    const { epoch, parentSeq, epochReason } = log.linkState();
    // A cloud that was restored lacks lines of older epochs. They come first, and the log tells of what begins behind.
    if (parentSeq !== null && head.seq < parentSeq) return;
    const reason = epochReason ?? "the database was restored";
    const told: NewEpoch = { epoch, parent: head, boot_id: options.bootId, reason };
    const { status } = await askCloud(options, "/api/edge/epochs", stopping, told);
    if (status !== 200) throw new Error(`the cloud does not take the new epoch: status ${status}`);
  }

  return {
    place: restoring.place,
    notNeeded: () => {
      restoring.notNeeded();
      alarm.over();
    },
    run,
    tellEpoch,
    progress: () => {
      const hole = restoring.place();
      if (hole === null) return null;
      const { commonSeq, adopted, parent } = hole;
      return { adopted: adopted.seq - commonSeq, of: parent.seq - commonSeq };
    },
  };
}

/**
 * The last place that both have: the cloud knows only the places that it was told of. What it has behind is compared
 * with what is here, line by line.
 *
 * @throws RestoreRefused when a page is not as the cloud has it: by a byte that was changed on its way, lines that both
 * have would be taken for others, and told twice.
 */
async function walkOn(
  { log, ...address }: RestoreOptions,
  common: LogPlace,
  head: LogPlace,
  stopping: AbortSignal,
): Promise<LogPlace> {
  let both = common;
  for (let at: LineEnd = common; at.seq < head.seq;) {
    const page = await fetchPage(address, at, stopping);
    expectHash(page, at);
    for (const { seq, hash } of page.lines) {
      const here = log.hashAt(seq);
      // Of what was pruned nothing can be said; behind it the two may be the same all the same.
      if (here === null && seq < log.linkState().anchorSeq) continue;
      if (here !== hash) {
        await expectWhole(address, page, head, stopping);
        return both;
      }
      both = { ...both, seq, hash };
    }
    at = endOf(page);
  }
  return both;
}

/** A page says nothing that the end of the log, or the page that follows, does not confirm. */
async function expectWhole(
  address: CloudAddress,
  page: Page,
  head: LogPlace,
  stopping: AbortSignal,
): Promise<void> {
  const last = page.lines.find(({ seq }) => seq === head.seq);
  if (last !== undefined) return expectEnd(last, head);
  const end = endOf(page);
  expectHash(await fetchPage(address, end, stopping), end);
}

/**
 * What is missing, page by page. Each is given when the next says that it is right, because lines carry no hashes
 * themselves; the one after that is on its way meanwhile.
 */
async function* pagesOf(
  address: CloudAddress,
  { adopted, parent }: Hole,
  stopping: AbortSignal,
): AsyncGenerator<readonly ChainedLine[]> {
  const fetchNext = (after: LineEnd): Promise<Page> | null => {
    if (after.seq >= parent.seq) return null;
    const coming = fetchPage(address, after, stopping);
    // It is looked at when its turn comes.
    coming.catch(() => undefined);
    return coming;
  };
  let page = await fetchNext(adopted);
  if (page === null) return;
  expectHash(page, adopted);
  for (let coming = fetchNext(endOf(page)); ;) {
    const lines = page.lines.filter(({ seq }) => seq <= parent.seq);
    const end = endOf({ ...page, lines });
    const next = await coming;
    if (next === null) expectEnd(end, parent);
    else expectHash(next, end);
    coming = next && fetchNext(endOf(next));
    yield lines;
    if (next === null) return;
    page = next;
  }
}

function expectHash({ previousHash }: Page, { seq, hash }: LineEnd): void {
  if (previousHash !== hash)
    throw new RestoreRefused(`line ${seq} is not the one that the cloud goes on from`);
}

function expectEnd({ seq, hash }: LineEnd, parent: LogPlace): void {
  if (hash !== parent.hash) throw new RestoreRefused(`line ${seq} is not where the cloud's log ended`);
}

/** Lines in portions that are adopted at once; a line is never parted. */
function* portionsOf(lines: readonly ChainedLine[]): Generator<readonly ChainedLine[]> {
  let portion: ChainedLine[] = [];
  let size = 0;
  for (const line of lines) {
    if (portion.length > 0 && size + line.line.length > PORTION) {
      yield portion;
      [portion, size] = [[], 0];
    }
    portion.push(line);
    size += line.line.length;
  }
  if (portion.length > 0) yield portion;
}

/** Does some work, then leaves the database alone for half as long: lanes write in between. */
function paced({ clock, timers }: Pick<RestoreOptions, "clock" | "timers">, stopping: AbortSignal) {
  const nap = createNap(stopping, timers);
  return async <T>(work: () => T): Promise<T> => {
    const startedMs = clock.monotonicMs();
    const done = work();
    await nap.sleep(Math.ceil((clock.monotonicMs() - startedMs) / 2));
    return done;
  };
}
