import type { Clock } from "@parkme/shared/domain/clock";
import { readClock } from "@parkme/shared/domain/clock";
import type { Facility } from "@parkme/shared/domain/facility";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { IdMint, StayId } from "@parkme/shared/domain/ids";
import type { EdgeConfig } from "./config/load.ts";
import { createDesk, type Desk } from "./desk/desk.ts";
import { createDeskPaper, type DeskPaper } from "./desk/paper.ts";
import { DESK } from "./desk/place.ts";
import { giveAtLane } from "./desk/validations.ts";
import type { DeviceContext } from "./devices/context.ts";
import { createGate, type Gate, type GateOptions } from "./gate/gate.ts";
import { createPayStations, type PayStations } from "./pay-station/pay-stations.ts";
import { receiptLinkOf } from "./receipts/link.ts";
import { createReceiptPrinting, type ReceiptPrinting } from "./receipts/print.ts";
import type { Pictures } from "./store/pictures.ts";
import type { Store } from "./store/store.ts";
import { createTariffs, type Tariffs } from "./tariffs/tariffs.ts";
import { type CodeBook, createCodeBook } from "./tickets/code-book.ts";
import { createCodeMaker } from "./tickets/code-maker.ts";
import type { Keyring } from "./tickets/keyring.ts";

export type FacilityOptions = {
  readonly config: EdgeConfig;
  readonly facility: Facility;
  readonly store: Store;
  readonly pictures: Pictures;
  readonly mint: IdMint;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly devices: DeviceContext;
  readonly makers?: GateOptions["makers"];
  readonly log: Desk["log"] & GateOptions["log"];
  /** After every change of a lane, when it is on the disk. */
  readonly changed: (lane: string, records: readonly GateRecord[]) => void;
  /** After a change that is no lane's. */
  readonly touched: () => void;
  /** Another key signs tickets from now on. */
  readonly keyMade?: () => void;
};

/** The gate, the desk, the pay stations, and what all of them price, print and prove tickets with. */
export type FacilityParts = {
  readonly tariffs: Tariffs;
  readonly gate: Gate;
  readonly desk: Desk;
  /** Null where the desk has no printer. */
  readonly paper: DeskPaper | null;
  readonly stations: PayStations;
  /** Where a receipt can be seen from outside; null = nowhere. */
  readonly receiptLink: (token: string) => string | null;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Joins the parts; nothing runs yet. */
export function composeFacility(options: FacilityOptions): FacilityParts {
  const { config, facility, store, mint, clock, log, touched } = options;
  const tariffs = createTariffs({
    store,
    facility,
    offered: config.tariff,
    clock,
    log: options.devices.log,
    alarm: tariffAlarm(options),
  });
  const codes = codeParts(options);
  const gate = createGate({
    ...options,
    due: tariffs.due,
    tickets: {
      ...codes,
      recover: (lost) => store.recoverStay(lost, readClock(clock)),
      validate: (lane, stayId, reading) => giveAtLane(desk, stayId, reading, lane),
      clock,
    },
    changed: (lane, records) => {
      printing.recorded(lane, records);
      for (const record of records)
        if (record.type === "payment" || record.type === "attempt") stations.stayChanged(record.stayId);
      options.changed(lane, records);
    },
  });
  const receiptLink = receiptLinkOf(config.receipts?.url);
  const printing = printingOf(options, gate, receiptLink);
  /** Whoever has a stay in hand asks anew what it owes, and whether a card is charged for it elsewhere. */
  const stayChanged = (stayId: StayId): void => {
    gate.stayChanged(stayId);
    stations.stayChanged(stayId);
  };
  const answerFor: Desk["answerFor"] = (place, attemptId, outcome) => {
    gate.lanes.get(place)?.runner.tell({ kind: "terminal", attemptId, outcome });
    stations.answerFor(place, attemptId, outcome);
  };
  const desk = deskOf(options, { tariffs, gate, codes: codes.book, printing, stayChanged, answerFor });
  const paper = paperOf(options, printing, codes.code);
  const stations = createPayStations(config.pay_stations, {
    facility,
    devices: gate.standalone,
    note: gate.note,
    store,
    due: tariffs.due,
    codes: codes.book,
    validate: (stayId, reading, place) => giveAtLane(desk, stayId, reading, place),
    recover: ({ number: ticketNumber, issuedWallMs }, place) => {
      const lost = { ticketNumber, entryWallMs: issuedWallMs, lane: place, plate: null };
      const recovered = store.recoverStay(lost, readClock(clock));
      return recovered.ok ? recovered.value.stayId : null;
    },
    printPayment: printing.printPayment,
    stayChanged: (stayId) => {
      stayChanged(stayId);
      touched();
    },
    mint,
    clock,
    log,
  });
  const parts = { tariffs, gate, desk, stations, printing };
  return { tariffs, gate, desk, paper, stations, receiptLink, ...inOrder(parts, options) };
}

/** The alarm of the facility as a whole. */
function tariffAlarm({ store, facility, clock, touched }: FacilityOptions) {
  const tell = (record: Extract<GateRecord, { type: "alarm" | "alarm_over" }>): void => {
    store.record({ place: facility.slug, records: [record] }, readClock(clock));
    touched();
  };
  return {
    begin: (detail: string) => tell({ type: "alarm", kind: "tariff_refused", detail }),
    over: () => tell({ type: "alarm_over", kind: "tariff_refused" }),
  };
}

type Codes = {
  readonly code: ReturnType<typeof createCodeMaker>["ticket"];
  readonly book: CodeBook;
};

function codeParts({ facility, keyring, store, config }: FacilityOptions): Codes {
  const maker = createCodeMaker({ facilityId: facility.id, keyring, validDays: config.tickets.valid_days });
  return {
    code: maker.ticket,
    book: createCodeBook({ facilityId: facility.id, keyring, store, merchants: config.merchants }),
  };
}

function printingOf(
  { config, store, mint, clock, log }: FacilityOptions,
  gate: Gate,
  receiptLink: FacilityParts["receiptLink"],
): ReceiptPrinting {
  // Where vehicles leave, whoever paid at the lane is given a receipt by its printer.
  const leaving = config.lanes.flatMap(({ name, direction, printer }): [string, string][] =>
    direction === "entry" || printer === undefined ? [] : [[name, printer]],
  );
  const { printers, note } = gate;
  return createReceiptPrinting({
    printers,
    lanePrinters: new Map(leaving),
    store,
    receiptLink,
    note,
    mint,
    clock,
    log,
  });
}

function deskOf(
  options: FacilityOptions,
  joined: {
    readonly tariffs: Tariffs;
    readonly gate: Gate;
    readonly codes: CodeBook;
    readonly printing: ReceiptPrinting;
    readonly stayChanged: (stayId: StayId) => void;
    readonly answerFor: Desk["answerFor"];
  },
): Desk {
  const { config, touched } = options;
  const { tariffs, gate, codes, printing, stayChanged, answerFor } = joined;
  const { terminal, printer } = config.desk ?? {};
  return createDesk({
    ...options,
    tariffs,
    codes,
    gate: { stayChanged },
    answerFor,
    terminal: terminal === undefined ? null : (gate.standalone.terminals.get(terminal) ?? null),
    health: gate.note,
    openDrawer: () => printer !== undefined && printing.openDrawer(printer),
    changed: touched,
  });
}

function paperOf(
  { config, store, facility, mint, clock }: FacilityOptions,
  printing: ReceiptPrinting,
  code: Codes["code"],
): DeskPaper | null {
  const { printer } = config.desk ?? {};
  if (printer === undefined) return null;
  const titles = new Map(config.lanes.map(({ name, title }) => [name, title]));
  const titleOf = (lane: string): string => titles.get(lane) ?? lane;
  return createDeskPaper({ printing, printer, store, code, titleOf, facility, mint, clock });
}

type Running = Pick<FacilityParts, "tariffs" | "gate" | "desk" | "stations"> & {
  readonly printing: ReceiptPrinting;
};

/** Prices first, lanes last: nobody is asked to pay before it is known how much. */
function inOrder(
  { tariffs, gate, desk, stations, printing }: Running,
  options: FacilityOptions,
): Pick<FacilityParts, "start" | "stop"> {
  const { keyring, config, clock, log } = options;
  let rotation: NodeJS.Timeout | undefined;
  function rotate(): void {
    try {
      const made = keyring.rotateAfter(config.tickets.rotate_days * DAY_MS, clock.wallMs());
      if (made !== null) options.keyMade?.();
    } catch (error) {
      // The old key goes on; the next look tries again.
      log.error({ err: error }, "a new key for tickets could not be made");
    }
  }
  return {
    start: async () => {
      rotate();
      rotation = setInterval(rotate, HOUR_MS);
      await tariffs.start();
      await printing.start();
      doubtUnsettled(options);
      await gate.start();
      await desk.start();
      await stations.start();
    },
    stop: async () => {
      clearInterval(rotation);
      tariffs.stop();
      await Promise.all([stations.stop(), desk.stop()]);
      await gate.stop();
      await printing.stop();
    },
  };
}

/**
 * Nobody waits any more for a card that an earlier run has asked for: whether it was charged is in doubt, until the
 * terminal or a person says so. The desk takes up its own.
 */
function doubtUnsettled({ store, clock, log }: FacilityOptions): void {
  try {
    for (const { lane: place, status, ...attempt } of store.openAttempts()) {
      if (status !== "begun" || place === DESK) continue;
      const doubted = {
        ...attempt,
        type: "attempt",
        status: "unknown",
        detail: "the agent was stopped",
      } as const;
      store.record({ place, records: [doubted] }, readClock(clock));
    }
  } catch (error) {
    log.error({ err: error }, "card payments of before could not be marked as in doubt");
  }
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
