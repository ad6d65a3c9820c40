import type { Clock } from "@parkme/shared/domain/clock";
import {
  downlinkAnswerSchema,
  downlinkBodies,
  downlinkForkSchema,
  type DownlinkBody,
  type DownlinkItem,
  type DownlinkKind,
} from "@parkme/shared/protocol/downlink";
import { reasonOf } from "./cloud-http.ts";
import type { CloudAnswer } from "./cloud-request.ts";
import type { CloudTime } from "./cloud-time.ts";
import { createNap, type Timers } from "./nap.ts";

/** How far the downlink was taken, as the store keeps it. */
type Place = { readonly seq: number; readonly hash: string };

/**
 * What is done with an item; again without effect. Throws when the disk refuses: then it is brought again. `later` =
 * it cannot be taken now.
 */
export type DownlinkHandlers = {
  readonly [K in DownlinkKind]: (body: DownlinkBody<K>) => "later" | void;
};

export type DownlinkOptions = {
  /** Asks the cloud; throws when there is no answer. */
  readonly ask: (path: string, stopping: AbortSignal) => Promise<CloudAnswer>;
  readonly place: () => Place;
  readonly setPlace: (place: Place) => void;
  readonly placeAfter: (place: Place, item: DownlinkItem) => Place;
  readonly handlers: DownlinkHandlers;
  /** The newest manifest that the cloud has, at every answer. */
  readonly manifest: (version: number) => void;
  /** An item that says nothing we understand, or that cannot be done: for a person to look at. The downlink goes on. */
  readonly setAside: (item: DownlinkItem, problem: string) => void;
  /** Whether an error is the disk's, so that the same will go well later. */
  readonly isStoreTrouble: (error: unknown) => boolean;
  /** Nothing is taken while this is false: before hello was said, and while a restore is under way. */
  readonly ready: () => boolean;
  /** Hints come: asking is only for those that were lost. */
  readonly hinted: () => boolean;
  readonly cloudTime: CloudTime;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** 0..1, for jitter. */
  readonly random: () => number;
  readonly timers?: Timers;
  readonly note: {
    readonly info: (fields: object, message: string) => void;
    readonly warn: (fields: object, message: string) => void;
  };
};

export type Downlink = {
  readonly start: () => void;
  /** There is something: take it now. */
  readonly poke: () => void;
  readonly stop: () => Promise<void>;
};

/** While hints come, and while they do not. */
const HINTED_MS = 60_000;
const UNHINTED_MS = 10_000;
const NOT_READY_MS = 1_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

type Taken = "more" | "none" | "not_ready" | "failed";

/**
 * Takes what the cloud has for this gate, in its order. The place moves after an item is done: one that was done just
 * before the power failed is brought again, and done once by its own id.
 */
export function createDownlink(options: DownlinkOptions): Downlink {
  const { note, random, hinted } = options;
  const stopping = new AbortController();
  const nap = createNap(stopping.signal, options.timers);
  /** One line per outage: a cloud that is away for weeks must not fill the disk with it. */
  let complained = false;
  /** Poked while it was not asleep. */
  let again = false;
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!stopping.signal.aborted) {
      again = false;
      const taken = await pull();
      if (taken === "failed") {
        await nap.untilPoked(retryMs * (0.5 + random()));
        retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
        continue;
      }
      retryMs = FIRST_RETRY_MS;
      if (taken === "more" || again) continue;
      const pauseMs = (hinted() ? HINTED_MS : UNHINTED_MS) * (0.75 + random() / 2);
      await nap.untilPoked(taken === "not_ready" ? NOT_READY_MS : pauseMs);
    }
  }

  async function pull(): Promise<Taken> {
    try {
      if (!options.ready()) return "not_ready";
      const asked = await askOnce(options, stopping.signal);
      if (asked.kind === "failed") return failed(asked.reason);
      // With a pause, so that two that never agree do not chase each other.
      if (asked.kind === "fork") return beginAgain(asked.place, options);
      const taken = await takeAll(asked.items);
      if (taken !== "failed") complained = false;
      return taken;
    } catch (error) {
      return failed(reasonOf(error));
    }
  }

  async function takeAll(items: readonly DownlinkItem[]): Promise<Taken> {
    for (const item of items) {
      if (stopping.signal.aborted || !options.ready()) return "not_ready";
      const place = options.place();
      // Numbers may leave some out, after the cloud was restored; they never fall.
      if (item.seq <= place.seq) return failed("the downlink is not in its order");
      if (take(item, options) === "later") return "not_ready";
      options.setPlace(options.placeAfter(place, item));
      // Lanes take their turns between two items.
      await nap.sleep(0);
    }
    return items.length === 0 ? "none" : "more";
  }

  function failed(reason: string): "failed" {
    if (!complained && !stopping.signal.aborted)
      note.warn({ reason }, "the downlink cannot be taken from the cloud");
    complained = true;
    return "failed";
  }

  return {
    start: () => {
      running = run();
    },
    poke: () => {
      again = true;
      nap.poke();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

type Asked =
  | { readonly kind: "page"; readonly items: readonly DownlinkItem[] }
  | { readonly kind: "fork"; readonly place: Place }
  | { readonly kind: "failed"; readonly reason: string };

async function askOnce(options: DownlinkOptions, stopping: AbortSignal): Promise<Asked> {
  const { seq, hash } = options.place();
  const askedMs = options.clock.monotonicMs();
  const { status, body } = await options.ask(`/api/edge/downlink?after=${seq}&head=${hash}`, stopping);
  const fork = status === 409 ? downlinkForkSchema.safeParse(body) : null;
  if (fork?.success === true) {
    const { restart_after, restart_hash } = fork.data;
    return { kind: "fork", place: { seq: restart_after, hash: restart_hash } };
  }
  if (status !== 200) return { kind: "failed", reason: `status ${status}` };
  const page = downlinkAnswerSchema.safeParse(body);
  if (!page.success) return { kind: "failed", reason: "not a downlink" };
  options.cloudTime.heard(page.data.now, askedMs);
  options.manifest(page.data.manifest);
  return { kind: "page", items: page.data.items };
}

/** The cloud was restored, and does not know what we have taken. Everything is safe to take twice. */
function beginAgain(at: Place, { place, setPlace, note }: DownlinkOptions): "failed" {
  const change = { before: place().seq, after: at.seq };
  note.warn(change, "the cloud's downlink is another: it is taken again");
  setPlace(at);
  return "failed";
}

type Taking = Pick<DownlinkOptions, "handlers" | "setAside" | "isStoreTrouble">;

function take(item: DownlinkItem, taking: Taking): "later" | void {
  const { kind } = item;
  if (!isKind(kind)) return taking.setAside(item, "this agent does not know its kind");
  try {
    return handle(kind, item, taking);
  } catch (error) {
    if (taking.isStoreTrouble(error)) throw error;
    return taking.setAside(item, reasonOf(error));
  }
}

function handle<K extends DownlinkKind>(kind: K, item: DownlinkItem, taking: Taking): "later" | void {
  const body = bodyOf(kind, item.body);
  if (body === null) return taking.setAside(item, "it cannot be read");
  return taking.handlers[kind](body);
}

function isKind(kind: string): kind is DownlinkKind {
  return Object.hasOwn(downlinkBodies, kind);
}

function bodyOf<K extends DownlinkKind>(kind: K, text: string): DownlinkBody<K> | null {
  try {
    const read = downlinkBodies[kind].safeParse(JSON.parse(text));
    // The table gives each kind its own schema, which the compiler cannot follow through the index.
    return read.success ? (read.data as DownlinkBody<K>) : null;
  } catch {
    return null;
  }
}
