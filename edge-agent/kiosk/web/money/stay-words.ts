import type { ReasonWords } from "../actions/reason-dialog.tsx";

const RECORDED = "It is recorded with your name and the reason.";

/** What the pay desk's dialogs say. */
export const STAY_WORDS = {
  writeOff: {
    title: "Write off",
    explanation: `Nothing is taken, and the driver may leave. ${RECORDED} It shows in your shift's report.`,
    confirm: "Write off",
    quickReasons: ["Goodwill", "Machine was out of order", "Emergency vehicle", "Guest of the house"],
  },
  lost: {
    title: "The ticket is lost",
    explanation: `The stay gets a new number and the old one is void: who finds it cannot leave with it. The tariff's rule for lost tickets applies. ${RECORDED}`,
    confirm: "Void the ticket",
    quickReasons: ["Driver lost the ticket", "Ticket cannot be read", "Ticket was stolen"],
  },
  print: {
    title: "Print the ticket again",
    explanation: `The same number, marked as a copy. ${RECORDED}`,
    confirm: "Print",
    quickReasons: ["Ticket is damaged", "Paper jam at the entry", "Ticket was not taken"],
  },
  voidStay: {
    title: "Void the stay",
    explanation: `There was no such stay: it counts nowhere and costs nothing. ${RECORDED}`,
    confirm: "Void the stay",
    quickReasons: ["Vehicle never came in", "Entered twice by mistake", "Test"],
  },
  debt: {
    title: "Unable to collect",
    explanation: `The driver owes the money and may leave. ${RECORDED} The debt can be collected here later.`,
    confirm: "Book as a debt",
    quickReasons: ["Card does not work, no cash", "Terminal is out of order", "Pays by invoice"],
  },
  vouch: {
    title: "Was it charged?",
    explanation: `Look at the terminal's own journal, or ask the bank, before you answer: what was charged is not taken again, and what was not may be. ${RECORDED}`,
    confirm: "Settle",
    quickReasons: [
      "Terminal's journal shows it",
      "Terminal's journal does not show it",
      "Bank has confirmed",
    ],
  },
  entryTime: {
    title: "Correct the entry time",
    explanation: `The fee is counted from this time on. ${RECORDED}`,
    confirm: "Correct",
    quickReasons: ["Shown by a photo", "Driver's proof", "Clock was wrong"],
  },
  vehicle: {
    title: "Correct the vehicle",
    explanation: "The tariff may price another kind of vehicle differently. It is recorded with your name.",
    confirm: "Correct",
    quickReasons: ["Seen at the gate", "Driver's proof"],
  },
  penalty: {
    title: "Add a penalty",
    explanation: `It is added to what is due. ${RECORDED}`,
    confirm: "Add",
    quickReasons: ["Seen by staff", "Shown by a photo"],
  },
  manual: {
    title: "Add a stay by hand",
    explanation: `For a vehicle that stands at the exit and has no entry: say when it came in. ${RECORDED}`,
    confirm: "Add the stay",
    quickReasons: ["Came in by an open arm", "Driver's word", "Shown by a photo"],
  },
  identify: {
    title: "It stands at an exit",
    explanation: `The vehicle at that exit is this stay: it is asked for what is due, or let out. ${RECORDED}`,
    confirm: "This is the vehicle",
    quickReasons: ["Plate was misread", "Ticket is lost", "Has no plate"],
  },
} as const satisfies Record<string, ReasonWords>;
