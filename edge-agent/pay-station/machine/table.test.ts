import { describe, expect, it } from "vitest";
import { type AttemptId, asId } from "@parkme/shared/domain/ids";
import {
  ADA,
  APPROVED,
  BOB,
  contextAt,
  createBench,
  DECLINED,
  NOON_MS,
  OTHER_TICKET,
  outcomeOf,
  owing,
  REFUSAL,
  REFUSED,
  STRANGE_ATTEMPT,
  TICKET,
  UNKNOWN,
  VOUCHER,
} from "../testing/station-bench.ts";
import { type Attempt, type Station, STATION_STATES, type StationEvent } from "./model.ts";
import { newStation, outage, STATION_TABLE, step } from "./table.ts";

/** Every cell of the table, with what it does, in the situations that a pay station gets into. */

const LEFT_OPEN: Attempt = {
  attemptId: asId<AttemptId>("00000000-0000-7000-8000-0000000000aa"),
  stayId: ADA,
  amountMinor: 450,
  quote: null,
  phase: "unknown",
};

const SITUATIONS = {
  new: () => newStation({ wallMs: NOON_MS, monotonicMs: 0 }, []),
  idle: () => working().station(),
  no_reader: () => after((bench) => bench.apply(device("reader", false))),
  no_terminal: () => after((bench) => bench.apply(device("terminal", false))),
  paid_before: () => after((bench) => bench.show(TICKET, owing(0, { leaveByMs: NOON_MS + 900_000 }))),
  voucher_refused: () =>
    after((bench) => {
      bench.show(TICKET, owing(450));
      bench.apply({ kind: "shown", shown: VOUCHER });
      bench.terminal(DECLINED);
      bench.find({ ...REFUSED, goOn: true });
    }),
  paying: () => after((bench) => bench.show(TICKET, owing(450))),
  giving_up: () =>
    after((bench) => {
      bench.show(TICKET, owing(450));
      bench.apply({ kind: "shown", shown: VOUCHER });
    }),
  in_doubt: () =>
    after((bench) => {
      bench.show(TICKET, owing(450));
      bench.terminal(UNKNOWN);
    }),
  restarted: () => {
    const bench = createBench(newStation({ wallMs: NOON_MS, monotonicMs: 0 }, [LEFT_OPEN]));
    bench.works();
    return bench.station();
  },
  gone_in_doubt: () =>
    after((bench) => {
      bench.show(TICKET, owing(450));
      bench.terminal(UNKNOWN);
      bench.later(120_000);
      bench.wait();
    }),
  thanks: () =>
    after((bench) => {
      bench.show(TICKET, owing(450));
      bench.terminal(APPROVED);
    }),
  disk_refuses: () => outage(working().station(), { kind: "due" }, contextAt(0)),
} satisfies Record<string, () => Station>;
type Situation = keyof typeof SITUATIONS;

function working() {
  const bench = createBench();
  bench.works();
  return bench;
}

function after(story: (bench: ReturnType<typeof working>) => void): Station {
  const bench = working();
  story(bench);
  return bench.station();
}

const device = (which: "reader" | "terminal" | "printer", ok: boolean): StationEvent => ({
  kind: "device",
  device: which,
  ok,
  reason: ok ? "" : "broken",
});

/** An event of each kind, and those that differ within their kind. */
function eventsFor({ attempt, doubts }: Station): ReadonlyMap<string, StationEvent> {
  const attemptId = attempt?.attemptId ?? doubts[0]?.attemptId ?? STRANGE_ATTEMPT;
  const terminal = (outcome: Extract<StationEvent, { kind: "terminal" }>["outcome"]): StationEvent => ({
    kind: "terminal",
    attemptId,
    outcome,
  });
  return new Map<string, StationEvent>([
    ["shown", { kind: "shown", shown: TICKET }],
    ["shown/voucher", { kind: "shown", shown: VOUCHER }],
    ["shown/other", { kind: "shown", shown: OTHER_TICKET }],
    ["found", { kind: "found", found: owing(450) }],
    ["found/settled", { kind: "found", found: owing(0, { leaveByMs: NOON_MS + 60_000 }) }],
    ["found/free", { kind: "found", found: owing(0) }],
    ["found/permit", { kind: "found", found: owing(0, { covered: true }) }],
    ["found/refused", { kind: "found", found: REFUSED }],
    ["terminal", terminal(APPROVED)],
    ["terminal/declined", terminal(DECLINED)],
    ["terminal/refused", terminal(REFUSAL)],
    ["terminal/unknown", terminal(UNKNOWN)],
    ["terminal/strange", { kind: "terminal", attemptId: STRANGE_ATTEMPT, outcome: APPROVED }],
    ["due", { kind: "due" }],
    ["chase", { kind: "chase" }],
    ["stay_changed", { kind: "stay_changed", stayId: ADA }],
    ["stay_changed/other", { kind: "stay_changed", stayId: BOB }],
    ["device", device("reader", false)],
    ["device/works", device("reader", true)],
    ["device/terminal", device("terminal", false)],
    ["device/printer", device("printer", false)],
  ]);
}

const ADAS = {
  shown: "same; look PKM-ADA",
  "shown/voucher": "same; look VOUCHER",
  "shown/other": "same; look PKM-BOB",
};
const IN_HAND = {
  shown: "same; look PKM-ADA with stay",
  "shown/voucher": "same; look VOUCHER with stay",
  "shown/other": "same; look PKM-BOB with stay",
};
const DECIDES = {
  found: 'PAYING; "To pay EUR 4.50 / Insert your card"; write begun; order granted authorise 450',
  "found/settled": 'SHOWING; "Already paid / Leave by 14:01"; order granted',
  "found/free": 'SHOWING; "Nothing to pay / Leave by 14:15"; write settled; order granted',
  "found/permit": 'SHOWING; "Nothing to pay / Your permit is valid"; order granted',
  "found/refused": 'SHOWING; "Not known /"; order denied',
};
const DECIDES_SHOWING = Object.fromEntries(
  Object.entries(DECIDES).map(([key, outcome]) => [key, outcome.replace("SHOWING", "same")]),
);
const NO_PAYMENT = {
  terminal: "same",
  "terminal/declined": "same",
  "terminal/refused": "same",
  "terminal/unknown": "same",
  "terminal/strange": "same",
};
const NO_NEWS = { stay_changed: "ignored", "stay_changed/other": "ignored" };
const NOTHING_FOUND = {
  found: "unexpected",
  "found/settled": "unexpected",
  "found/free": "unexpected",
  "found/permit": "unexpected",
  "found/refused": "unexpected",
};
const NOTED = {
  device: "same; write alarm:reader",
  "device/works": "same",
  "device/terminal": "same; write alarm:terminal",
  "device/printer": "same; write alarm:printer",
};
const BREAKS = {
  ...NOTED,
  device: 'OUT_OF_ORDER; "Out of order / Pay at the desk"; write alarm:reader',
};
const DOUBT_SETTLED = {
  terminal: 'THANKS; "Paid. Thank you / Leave by 14:15"; write approved payment 450; order receipt',
  "terminal/declined": 'SHOWING; "Card not charged / Show ticket again"; write declined',
  "terminal/refused": 'SHOWING; "Card not charged / Show ticket again"; write refused',
};
const DOUBT_SETTLED_LATER = {
  terminal: "same; write approved payment 450 over:payment_in_doubt",
  "terminal/declined": "same; write declined over:payment_in_doubt",
  "terminal/refused": "same; write refused over:payment_in_doubt",
};
const IGNORES = { shown: "ignored", "shown/voucher": "ignored", "shown/other": "ignored" };
const PAY_AT_DESK = 'SHOWING; "To pay EUR 4.50 / Pay at the desk"';

/** Nothing is in doubt: nobody is asked. */
const USUAL = { chase: "same" };

const TABLE: Readonly<Record<Situation, Readonly<Record<string, string>>>> = {
  new: {
    ...ADAS,
    ...DECIDES,
    // Before the terminal has said that it works, nobody is asked for a card.
    found: PAY_AT_DESK,
    ...NO_PAYMENT,
    due: "unexpected",
    ...NO_NEWS,
    ...BREAKS,
    "device/works": "same; write over:reader",
    "device/terminal": "same; write alarm:terminal",
  },
  idle: {
    ...ADAS,
    ...DECIDES,
    ...NO_PAYMENT,
    due: "unexpected",
    ...NO_NEWS,
    ...BREAKS,
    "device/terminal": 'same; "Show your ticket / Payment at the desk"; write alarm:terminal',
  },
  no_terminal: {
    ...ADAS,
    ...DECIDES,
    found: PAY_AT_DESK,
    ...NO_PAYMENT,
    due: "unexpected",
    ...NO_NEWS,
    ...BREAKS,
    "device/terminal": "same",
  },
  no_reader: {
    ...ADAS,
    ...DECIDES,
    ...NO_PAYMENT,
    due: "same",
    ...NO_NEWS,
    ...NOTED,
    device: "same",
    "device/works": 'IDLE; "Pay here / Show your ticket"; write over:reader',
  },
  paid_before: {
    ...IN_HAND,
    ...DECIDES_SHOWING,
    found: DECIDES.found,
    ...NO_PAYMENT,
    due: 'IDLE; "Pay here / Show your ticket"',
    stay_changed: 'IDLE; "Pay here / Show your ticket"',
    "stay_changed/other": "same",
    ...BREAKS,
  },
  voucher_refused: {
    ...IN_HAND,
    ...DECIDES_SHOWING,
    found: DECIDES.found,
    "found/refused": "same; order denied",
    ...NO_PAYMENT,
    due: "same; look PKM-ADA with stay",
    stay_changed: 'IDLE; "Pay here / Show your ticket"',
    "stay_changed/other": "same",
    ...BREAKS,
  },
  paying: {
    shown: "same",
    "shown/voucher": 'same; "Please wait /"; order abort',
    "shown/other": 'same; "Please wait /"; order abort',
    ...NOTHING_FOUND,
    terminal: 'THANKS; "Paid. Thank you / Leave by 14:15"; write approved payment 450; order receipt',
    "terminal/declined": 'SHOWING; "Card declined / Show ticket again"; write declined',
    "terminal/refused": `${PAY_AT_DESK}; write refused`,
    "terminal/unknown": 'IN_DOUBT; "Please wait. Payment / is being checked"; write unknown; order enquire',
    "terminal/strange": "same",
    due: 'IN_DOUBT; "Please wait. Payment / is being checked"; write unknown; order enquire',
    stay_changed: 'same; "Please wait /"; order abort',
    "stay_changed/other": "same",
    ...NOTED,
  },
  giving_up: {
    shown: "same",
    "shown/voucher": "same",
    "shown/other": "same",
    ...NOTHING_FOUND,
    terminal: 'THANKS; "Paid. Thank you / Leave by 14:15"; write approved payment 450; order receipt',
    "terminal/declined": "SHOWING; write declined; look VOUCHER with stay",
    "terminal/refused": "SHOWING; write refused; look VOUCHER with stay",
    "terminal/unknown": 'IN_DOUBT; "Please wait. Payment / is being checked"; write unknown; order enquire',
    "terminal/strange": "same",
    due: 'IN_DOUBT; "Please wait. Payment / is being checked"; write unknown; order enquire',
    stay_changed: "same",
    "stay_changed/other": "same",
    ...NOTED,
  },
  in_doubt: {
    ...IGNORES,
    ...NOTHING_FOUND,
    ...DOUBT_SETTLED,
    "terminal/unknown": "same; write alarm:payment_in_doubt paid_in_doubt",
    "terminal/strange": "same",
    due: "same; order enquire",
    ...NO_NEWS,
    ...NOTED,
  },
  restarted: {
    ...ADAS,
    ...DECIDES,
    // This stay may have paid already.
    found: 'SHOWING; "Payment not clear / Ask at the desk"',
    ...DOUBT_SETTLED_LATER,
    "terminal/unknown": "same; write alarm:payment_in_doubt paid_in_doubt",
    "terminal/strange": "same",
    due: "unexpected",
    chase: "same; order enquire",
    ...NO_NEWS,
    ...BREAKS,
    "device/terminal": 'same; "Show your ticket / Payment at the desk"; write alarm:terminal',
  },
  gone_in_doubt: {
    ...ADAS,
    ...DECIDES_SHOWING,
    found: "same",
    ...DOUBT_SETTLED_LATER,
    "terminal/unknown": "same",
    "terminal/strange": "same",
    due: 'IDLE; "Pay here / Show your ticket"',
    chase: "same; order enquire",
    stay_changed: "same",
    "stay_changed/other": "same",
    ...BREAKS,
  },
  thanks: {
    ...ADAS,
    ...DECIDES,
    ...NO_PAYMENT,
    due: 'IDLE; "Pay here / Show your ticket"',
    ...NO_NEWS,
    ...BREAKS,
  },
  disk_refuses: {
    ...ADAS,
    ...DECIDES,
    ...NO_PAYMENT,
    due: 'IDLE; "Pay here / Show your ticket"',
    ...NO_NEWS,
    ...NOTED,
    "device/terminal": 'IDLE; "Show your ticket / Payment at the desk"; write alarm:terminal',
  },
};

const names = Object.keys(SITUATIONS) as Situation[];

describe.each(names)("a pay station, %s", (name) => {
  it.each([...eventsFor(SITUATIONS[name]())])("%s", (key, event) => {
    const before = SITUATIONS[name]();
    const cell = STATION_TABLE[before.state][event.kind];
    const { unexpected, ...done } = step(before, event, contextAt(0));
    expect(unexpected).toBe(cell === "unexpected");
    expect(typeof cell === "string" ? cell : outcomeOf(before, done)).toBe({ ...USUAL, ...TABLE[name] }[key]);
    if (typeof cell === "string") expect(done.station).toBe(before);
  });
});

it("is in every state in one of the situations, and no row is left out", () => {
  expect(new Set(names.map((name) => SITUATIONS[name]().state))).toEqual(new Set(STATION_STATES));
  for (const name of names)
    expect(Object.keys({ ...USUAL, ...TABLE[name] }).toSorted()).toEqual(
      [...eventsFor(SITUATIONS[name]()).keys()].toSorted(),
    );
});

describe("a story at a pay station", () => {
  it("a voucher that is shown while the card is waited for makes a new price, and the old one is not charged", () => {
    const bench = working();
    bench.show(TICKET, owing(450));
    bench.apply({ kind: "shown", shown: VOUCHER });
    bench.terminal(DECLINED);
    const paying = bench.find(owing(300, { voucher: true }));
    expect(paying.station.lines).toEqual(["To pay EUR 3.00", "Voucher accepted"]);
    expect(paying.orders.at(-1)).toMatchObject({ kind: "authorise", amountMinor: 300 });
    const paid = bench.terminal(APPROVED);
    expect(paid.records).toContainEqual(
      expect.objectContaining({
        type: "payment",
        amountMinor: 300,
        stayId: ADA,
        method: "card",
        reference: "0471",
      }),
    );
    expect(bench.wait().station.state).toBe("IDLE");
  });

  it("a card that was charged while the terminal was told to give up has paid all the same", () => {
    const bench = working();
    bench.show(TICKET, owing(450));
    bench.apply({ kind: "stay_changed", stayId: ADA });
    const paid = bench.terminal(APPROVED);
    expect(paid.station).toMatchObject({ state: "THANKS", attempt: null, next: null });
    expect(paid.request).toBeNull();
  });

  it("what was paid at the desk meanwhile is looked at anew, and not charged", () => {
    const bench = working();
    bench.show(TICKET, owing(450));
    bench.apply({ kind: "stay_changed", stayId: ADA });
    expect(bench.terminal(REFUSAL).request).toEqual({ shown: TICKET, stayId: ADA });
    const shown = bench.find(owing(0, { leaveByMs: NOON_MS + 600_000 }));
    expect(shown.station.lines).toEqual(["Already paid", "Leave by 14:10"]);
    expect(
      bench.steps.flatMap(({ orders }) => orders).filter(({ kind }) => kind === "authorise"),
    ).toHaveLength(1);
  });

  it("a payment in doubt is asked about while its driver waits, then an attendant is called, and others can pay", () => {
    const bench = working();
    bench.show(TICKET, owing(450));
    bench.terminal(UNKNOWN);
    expect(bench.wait().orders).toMatchObject([{ kind: "enquire" }]);
    expect(bench.terminal(UNKNOWN).records.map(({ type }) => type)).toEqual(["alarm", "stay_review"]);
    bench.later(120_000);
    expect(bench.wait().station.lines).toEqual(["Payment not clear", "Ask at the desk"]);
    const other = bench.show(OTHER_TICKET, owing(300, { stayId: BOB }));
    expect(other.orders.at(-1)).toMatchObject({ kind: "authorise", amountMinor: 300 });
    const own = bench.terminal(APPROVED);
    expect(own.records).not.toContainEqual({ type: "alarm_over", kind: "payment_in_doubt" });
    const doubt = bench.station().doubts[0];
    if (doubt === undefined) throw new Error("nothing is in doubt");
    const late = bench.apply({ kind: "terminal", attemptId: doubt.attemptId, outcome: APPROVED });
    expect(late.records).toContainEqual(expect.objectContaining({ type: "payment", stayId: ADA }));
    expect(late.records).toContainEqual({ type: "alarm_over", kind: "payment_in_doubt" });
    expect(late.station).toMatchObject({ doubts: [], chaseMs: null, alarmed: false });
  });

  it("no card is taken any more when too many payments are in doubt", () => {
    const open = Array.from({ length: 8 }, (_, i) => ({
      ...LEFT_OPEN,
      attemptId: asId<AttemptId>(`00000000-0000-7000-8000-0000000000b${i}`),
    }));
    const bench = createBench(newStation({ wallMs: NOON_MS, monotonicMs: 0 }, open));
    bench.works();
    expect(bench.apply({ kind: "chase" }).orders).toHaveLength(8);
    expect(bench.show(OTHER_TICKET, owing(300, { stayId: BOB })).station.lines).toEqual([
      "To pay EUR 3.00",
      "Pay at the desk",
    ]);
  });

  it("a disk that refuses leaves a payment in doubt, and what devices said is kept", () => {
    const before = SITUATIONS.paying();
    const broken = outage(before, device("printer", false), contextAt(0));
    expect(broken).toMatchObject({
      state: "IN_DOUBT",
      attempt: { phase: "unknown" },
      works: { printer: false },
    });
    expect(outcomeOf(broken, step(broken, { kind: "due" }, contextAt(0)))).toContain("enquire");
  });
});
