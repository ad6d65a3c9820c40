import type { ManifestHeader } from "@parkme/shared/protocol/manifest";
import { LIST_SECTIONS, MAX_SECTION_ENTRIES } from "@parkme/shared/protocol/manifest-sections";
import type { Store } from "../store/store.ts";
import { type Rest, restAsLong } from "../store/turns.ts";
import { reasonOf } from "../sync/cloud-http.ts";
import { createNap, type Timers } from "../sync/nap.ts";
import { type AskManifest, createManifestTaking, type ManifestStore, type TakingOptions } from "./taking.ts";

export type ManifestOptions = Omit<TakingOptions, "ask" | "rest" | "store"> & {
  readonly ask: (path: string, stopping: AbortSignal, maxBytes: number) => ReturnType<AskManifest>;
  readonly store: ManifestStore & Pick<Store, "linkState" | "countOf" | "manifestRefused" | "tidyManifests">;
  /** Nothing is taken while this is false: before hello was said, and while a restore is under way. */
  readonly ready: () => boolean;
  /** At the start, and after every manifest that was put in force: what follows from it outside of the store. */
  readonly applied: () => void;
  /** The lasting alarm `manifest_refused`, of the facility. `over` may come without a `begin`: one of an earlier start ends. */
  readonly alarm: { readonly begin: (detail: string) => void; readonly over: () => void };
  /** 0..1, for jitter. */
  readonly random: () => number;
  readonly timers?: Timers;
  /** How long work on the lanes' thread rests between two turns. */
  readonly rest?: Rest;
  readonly note: {
    readonly info: (fields: object, message: string) => void;
    readonly warn: (fields: object, message: string) => void;
  };
};

type ViewInForce = {
  readonly version: number;
  readonly madeAtMs: number;
  readonly takenAtMs: number;
  /** Since it was made, by the gate's clock. */
  readonly ageMs: number;
  /** Entries by section; sections without any are left out. */
  readonly sections: Readonly<Record<string, number>>;
};

/** What the gate knows of headquarters' manifest. */
export type ManifestView = {
  /** Null = there never was one. */
  readonly inForce: ViewInForce | null;
  /** Why the newest one is not in force; null = nothing was refused. */
  readonly refused: string | null;
};

export type ManifestRunner = {
  readonly start: () => void;
  /** There may be a newer one: look now. */
  readonly poke: () => void;
  /** The newest version that the cloud says it has: looks now where that is not the one in force. */
  readonly newest: (version: number) => void;
  readonly view: (nowMs: number) => ManifestView;
  readonly stop: () => Promise<void>;
};

/** Without a hint, it is asked for so often. */
const ASK_EVERY_MS = 60_000;
const NOT_READY_MS = 1_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/**
 * What was refused is fetched again after so long: it may have been changed on its way, under the header of one that is
 * right.
 */
const REFUSED_FOR_MS = 10 * 60_000;

type Pulled = "more" | "idle" | "not_ready" | "failed";

/**
 * Keeps the gate's manifest the newest of headquarters. What is not right is refused and told of; the last good one
 * stays in force without an end.
 */
export function createManifestRunner(options: ManifestOptions): ManifestRunner {
  const { store, note, rest = restAsLong } = options;
  const stopping = new AbortController();
  const { repeat, poke } = pulling(options, stopping.signal, () => pull());
  const ask: AskManifest = (path, maxBytes) => options.ask(path, stopping.signal, maxBytes);
  const taking = createManifestTaking({ ...options, ask, rest });
  const refusals = createRefusals(options);
  const views = createViews(store);
  /** One line per outage. */
  let complained = false;
  let tidied = false;
  let running: Promise<void> = Promise.resolve();

  async function pull(): Promise<Pulled> {
    try {
      if (!tidied) await tidy();
      const { signingKey } = store.linkState();
      if (signingKey === null || !options.ready()) return "not_ready";
      const outcome = await taking.takePage(signingKey, refusals.isKnown);
      if (outcome.kind === "failed") return failed(outcome.reason);
      complained = false;
      if (outcome.kind === "refused") refusals.refuse(outcome.header, outcome.problem);
      if (outcome.kind === "nothing_newer") refusals.over();
      if (outcome.kind !== "taken") return outcome.kind === "more" ? "more" : "idle";
      const { version, entries } = outcome.header;
      note.info({ version, entries }, "took a manifest");
      refusals.over();
      await tidy();
      // Something may have been published while this one was fetched.
      return "more";
    } catch (error) {
      return failed(reasonOf(error));
    }
  }

  /** At the start, and when something else is in force. */
  async function tidy(): Promise<void> {
    tidied = false;
    views.count();
    options.applied();
    await store.tidyManifests(rest);
    tidied = true;
  }

  function failed(reason: string): "failed" {
    if (!complained && !stopping.signal.aborted)
      note.warn({ reason }, "the manifest cannot be taken from the cloud");
    complained = true;
    return "failed";
  }

  return {
    start: () => {
      running = repeat();
    },
    poke,
    newest: (version) => {
      if (version !== (store.manifestInForce()?.version ?? 0)) poke();
    },
    view: (nowMs) => views.at(nowMs, refusals.problem()),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** Pulls again and again, with pauses, until it is stopped. */
function pulling(
  { random, timers }: Pick<ManifestOptions, "random" | "timers">,
  stopping: AbortSignal,
  pull: () => Promise<Pulled>,
) {
  const nap = createNap(stopping, timers);
  /** Poked while it was not asleep. */
  let again = false;
  async function repeat(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!stopping.aborted) {
      again = false;
      const pulled = await pull();
      if (pulled === "failed") {
        await nap.sleep(retryMs * (0.5 + random()));
        retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
        continue;
      }
      retryMs = FIRST_RETRY_MS;
      if (pulled === "more" || again) continue;
      await nap.untilPoked(pulled === "not_ready" ? NOT_READY_MS : ASK_EVERY_MS * (0.75 + random() / 2));
    }
  }
  return {
    repeat,
    poke: (): void => {
      again = true;
      nap.poke();
    },
  };
}

function createViews(store: ManifestOptions["store"]) {
  let sections: ViewInForce["sections"] = {};
  return {
    /** Counts the entries anew. */
    count: (): void => {
      const inForce = store.manifestInForce();
      const names = [...LIST_SECTIONS, ...MAX_SECTION_ENTRIES.keys()];
      const counted =
        inForce === null ? [] : names.map((name) => [name, store.countOf(name, inForce)] as const);
      sections = Object.fromEntries(counted.filter(([, n]) => n > 0));
    },
    at: (nowMs: number, refused: string | null): ManifestView => {
      const row = store.manifestInForce();
      if (row === null) return { inForce: null, refused };
      const { version, madeAt: madeAtMs, takenAt: takenAtMs } = row;
      const ageMs = Math.max(0, nowMs - madeAtMs);
      return { inForce: { version, madeAtMs, takenAtMs, ageMs, sections }, refused };
    },
  };
}

type Refused = {
  readonly header: ManifestHeader | null;
  readonly problem: string;
  /** By the monotonic clock. */
  readonly atMs: number;
};

/** What was refused last: it is told of once, and for a while it is not fetched again. */
function createRefusals({
  store,
  alarm,
  clock,
  note,
}: Pick<ManifestOptions, "store" | "alarm" | "clock" | "note">) {
  let refused: Refused | null = null;
  /** An alarm of an earlier start may last. */
  let settled = false;
  return {
    isKnown: ({ version, digest }: ManifestHeader): boolean =>
      refused?.header?.version === version &&
      refused.header.digest === digest &&
      clock.monotonicMs() - refused.atMs < REFUSED_FOR_MS,
    problem: (): string | null => refused?.problem ?? null,
    refuse: (header: ManifestHeader | null, problem: string): void => {
      const said = header === null ? problem : `version ${header.version}: ${problem}`;
      if (refused?.problem !== said) {
        store.manifestRefused(header?.version ?? null, problem, clock.wallMs());
        alarm.begin(`The manifest of headquarters was refused: ${said}`);
        note.warn({ problem: said }, "refused a manifest: the last good one stays in force");
      }
      refused = { header, problem: said, atMs: clock.monotonicMs() };
    },
    over: (): void => {
      if (settled && refused === null) return;
      alarm.over();
      settled = true;
      refused = null;
    },
  };
}
