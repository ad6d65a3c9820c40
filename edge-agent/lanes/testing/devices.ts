import type { LaneOrder } from "@parkme/shared/domain/gate-record";
import type { AttemptId } from "@parkme/shared/domain/ids";
import type { LaneEvent } from "../machine/model.ts";
import { createAgenda, type Agenda } from "./agenda.ts";
import { createTerminal, type TerminalWay } from "./terminal.ts";

/** A printer and a card terminal that answer in their own time. */

const PRINTS_MS = 500;
const TAKES_MS = 1_000;

/** `by_hand` = it says nothing by itself: the test does. `holds` = it holds the paper, and the driver takes it. */
export type PrinterWay = "by_hand" | "prints" | "holds" | "holds_untaken" | "fails" | "jams" | "dead";

function print(
  way: PrinterWay,
  { jobId }: Extract<LaneOrder, { kind: "print" }>,
  nowMs: number,
  { later }: Agenda,
): void {
  const atMs = nowMs + PRINTS_MS;
  switch (way) {
    case "prints":
      return later(atMs, { kind: "printed", jobId, held: false });
    case "holds":
    case "holds_untaken":
      later(atMs, { kind: "printed", jobId, held: true });
      if (way === "holds") later(atMs + TAKES_MS, { kind: "taken", jobId });
      return;
    case "fails":
      return later(atMs, { kind: "print_failed", jobId, reason: "no paper", mayBeOut: false });
    case "jams":
      return later(atMs, { kind: "print_failed", jobId, reason: "jam", mayBeOut: true });
    case "by_hand":
    case "dead":
      return;
    default:
      return way satisfies never;
  }
}

export function createDevices() {
  const agenda = createAgenda();
  const terminal = createTerminal(agenda);
  let printer: PrinterWay = "by_hand";

  function order(one: LaneOrder, nowMs: number): void {
    switch (one.kind) {
      case "print":
        return print(printer, one, nowMs, agenda);
      case "retract":
        return agenda.drop((event) => "jobId" in event && event.jobId === one.jobId);
      case "authorise":
        return terminal.authorise(one, nowMs);
      case "enquire":
      case "reverse":
        return terminal.recall(one, nowMs);
      case "abort":
        return terminal.abort(one.attemptId, nowMs);
      case "indicate":
        return;
      default:
        return one satisfies never;
    }
  }

  return {
    order,
    nextMs: agenda.nextMs,
    /** What the next device says. */
    next: (): LaneEvent | null => {
      const event = agenda.next();
      if (event?.kind === "terminal") terminal.says(event);
      return event;
    },
    setPrinter: (way: PrinterWay): void => {
      printer = way;
    },
    setTerminal: (way: TerminalWay): void => terminal.behave(way),
    /** What was charged and not given back, by attempt. */
    charged: (): ReadonlyMap<AttemptId, number> => terminal.charged(),
  };
}
