import type { ConfigProblem } from "@parkme/shared/config/yaml-config";
import type { Clock } from "@parkme/shared/domain/clock";
import { err, type Result } from "@parkme/shared/domain/result";
import { MAX_TARIFF_BYTES, type TariffOffer, type TariffPlace } from "@parkme/shared/pricing/tariff-offer";
import type { OfferedTariff } from "../config/load.ts";
import type { DeviceLog } from "../devices/log.ts";
import type { NewTariff, RefusedTariff, TakenTariff, TariffRefusal } from "../store/tariffs.ts";
import { parseTariffFile } from "./tariff-file.ts";
import { watchFile } from "./watch-file.ts";

/** Takes versions of tariffs from wherever they come, and keeps an alarm as long as one of them is not right. */

export type TakingOptions = {
  readonly store: {
    readonly takeTariff: (given: NewTariff, nowMs: number) => Result<TakenTariff, TariffRefusal>;
    readonly tariffRefused: (refused: RefusedTariff, nowMs: number) => void;
  };
  /** Of the configuration; null = it has none, and what was taken before stays in force. */
  readonly offered: OfferedTariff | null;
  readonly clock: Clock;
  readonly log: DeviceLog;
  /** The lasting alarm `tariff_refused`, of the facility. `over` may come without a `begin`: one of an earlier start ends. */
  readonly alarm: { readonly begin: (detail: string) => void; readonly over: () => void };
  /** How often the tariff's file is looked at. */
  readonly lookEveryMs?: number;
};

export type Taking = {
  readonly offer: (
    text: string,
    source: string,
    nowMs: number,
  ) => Result<TakenTariff, readonly ConfigProblem[]>;
  /** A version that was taken before cannot be read any more. */
  readonly unreadable: (id: string, version: number, problem: string) => void;
  /** Why one that was offered is not in force; null = all are right. */
  readonly refused: () => string | null;
  readonly start: () => Promise<void>;
  readonly stop: () => void;
};

const LOOK_EVERY_MS = 5_000;
/** Where a tariff came from, as the log and the store have it. */
const [OF_CONFIGURATION, OF_FILE, OF_STORE] = ["configuration", "file", "store"] as const;

export function createTaking(options: TakingOptions, place: TariffPlace, added: () => void): Taking {
  const { store, offered, clock, log } = options;
  const refusals = createRefusals(options);

  function take(
    { tariff: { id, version }, fromMs, document }: TariffOffer,
    source: string,
    nowMs: number,
  ): Result<TakenTariff, readonly ConfigProblem[]> {
    const taken = store.takeTariff({ id, version, fromMs, document, source }, nowMs);
    if (!taken.ok) {
      refusals.refused({ id, version, source, problem: taken.error.message }, nowMs);
      return err([{ line: null, path: "", message: taken.error.message }]);
    }
    refusals.fine(source);
    const { row, again } = taken.value;
    if (again) return taken;
    added();
    log.info({ tariff: id, version, from: new Date(row.fromMs).toISOString(), source }, "took a tariff");
    return taken;
  }

  const offer: Taking["offer"] = (text, source, nowMs) => {
    const read = parseTariffFile(text, place);
    if (read.ok) return take(read.value, source, nowMs);
    const [first] = read.error;
    const problem = first === undefined ? "is not a tariff" : inWords(first);
    refusals.refused({ id: null, version: null, source, problem }, nowMs);
    return read;
  };

  function lookedAt(text: Result<string, string>): boolean {
    const nowMs = clock.wallMs();
    try {
      if (text.ok) offer(text.value, OF_FILE, nowMs);
      else {
        const problem = `The tariff's file ${text.error}.`;
        refusals.refused({ id: null, version: null, source: OF_FILE, problem }, nowMs);
      }
      return true;
    } catch (error) {
      // The database is held by another program for the moment: the next look tries again.
      log.warn({ err: error }, "could not take the tariff of the file");
      return false;
    }
  }

  const everyMs = options.lookEveryMs ?? LOOK_EVERY_MS;
  const watch =
    offered?.kind === "file"
      ? watchFile({ path: offered.path, everyMs, maxBytes: MAX_TARIFF_BYTES, found: lookedAt })
      : null;
  return {
    offer,
    unreadable: (id, version, problem) => {
      try {
        refusals.refused({ id, version, source: OF_STORE, problem }, clock.wallMs());
      } catch (error) {
        // A stay is being priced: that must not fail because nobody can be told.
        log.warn({ err: error, problem }, "could not tell of a tariff that is not readable");
      }
    },
    refused: refusals.first,
    start: async () => {
      if (offered?.kind === "inline") take(offered.offer, OF_CONFIGURATION, clock.wallMs());
      await watch?.start();
      refusals.settle();
    },
    stop: () => watch?.stop(),
  };
}

/** What was refused and is not mended yet, by where it came from: as long as there is anything, the alarm lasts. */
function createRefusals({ alarm, log, store }: Pick<TakingOptions, "alarm" | "log" | "store">) {
  const problems = new Map<string, string>();
  return {
    first: (): string | null => problems.values().next().value ?? null,
    refused: (refused: RefusedTariff, nowMs: number): void => {
      const { source, problem } = refused;
      if (problems.get(source) === problem) return;
      // Remembered last: what could not be written is tried again at the next look.
      store.tariffRefused(refused, nowMs);
      alarm.begin(problem);
      problems.set(source, problem);
      log.warn({ source, problem }, "refused a tariff: the last good one stays in force");
    },
    fine: (source: string): void => {
      if (!problems.has(source)) return;
      if (problems.size === 1) alarm.over();
      problems.delete(source);
    },
    /** Ends an alarm of an earlier start that has no reason any more. */
    settle: (): void => {
      if (problems.size === 0) alarm.over();
    },
  };
}

function inWords({ line, path, message }: ConfigProblem): string {
  return `${line === null ? "" : `line ${line}: `}${path === "" ? "" : `${path} `}${message}`;
}
