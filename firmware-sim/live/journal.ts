import type { CustomerEvent } from "../customers/customers.ts";
import type { Told } from "../wiring/site-devices.ts";
import type { WorldEvent } from "../world/facility-world.ts";
import type { Note } from "./contract.ts";

/** The last things that happened, for whoever looks. */
export type Journal = {
  readonly add: (kind: Note["kind"], text: string) => void;
  /** Those after a number, oldest first; 0 = all that are kept. */
  readonly since: (seq: number) => readonly Note[];
};

const MAX_NOTES = 200;

export function createJournal(nowMs: () => number): Journal {
  const notes: Note[] = [];
  let seq = 0;
  return {
    add(kind, text) {
      seq += 1;
      notes.push({ seq, at: new Date(nowMs()).toISOString(), kind, text });
      if (notes.length > MAX_NOTES) notes.shift();
    },
    since: (from) => notes.filter((note) => note.seq > from),
  };
}

/** A movement of the world in words; null for what nobody wants to read. */
export function worldNote(event: WorldEvent): Pick<Note, "kind" | "text"> | null {
  const { painted } = event.vehicle.plate;
  switch (event.kind) {
    case "movement":
      return { kind: "movement", text: `${painted} drove ${event.direction} at ${event.lane}` };
    case "backed_out":
      return { kind: "driver", text: `${painted} backed out of ${event.lane}` };
    case "drove_on":
      return { kind: "driver", text: `${painted} drove on: ${event.reason.replaceAll("_", " ")}` };
    case "arm_hit":
      return { kind: "trouble", text: `The arm of ${event.lane} came down on ${painted}` };
    case "arrived":
    case "at_line":
    case "in_view":
      return null;
  }
}

const DID: Record<CustomerEvent["kind"], string> = {
  button_pressed: "pressed the button at",
  ticket_taken: "took a ticket at",
  ticket_lost: "took a ticket and lost it, at",
  ticket_shown: "showed a ticket at",
  card_shown: "held a card to the terminal at",
};

export function customerNote({ kind, plate, lane }: CustomerEvent): Pick<Note, "kind" | "text"> {
  return { kind: "driver", text: `${plate} ${DID[kind]} ${lane}` };
}

/** What a device says in words; null for what the page shows anyway. */
export function deviceNote(name: string, { event, ...told }: Told): Pick<Note, "kind" | "text"> | null {
  switch (event) {
    case "ticket":
      return { kind: "device", text: `${name} printed a ticket` };
    case "retracted":
    case "dropped":
    case "torn":
      return { kind: "device", text: `${name}: the ticket was ${event}` };
    case "not_plugged":
      return { kind: "trouble", text: `${name} cannot be plugged in: ${String(told["reason"])}` };
    default:
      return null;
  }
}
