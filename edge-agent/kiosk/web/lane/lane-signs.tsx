import type { ReactNode } from "react";
import {
  IconArrowsExchange,
  IconCreditCard,
  IconFlame,
  IconHandClick,
  IconHandStop,
  IconKey,
  IconReceipt,
  IconRoadSign,
} from "@tabler/icons-react";
import { SENSOR_INPUTS, SWITCH_INPUTS, type SwitchInput } from "@parkme/shared/domain/lane";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import { MODE_TITLES } from "../logic/mode-words.ts";
import type { MoneyText } from "../logic/money-text.ts";
import classes from "./lane-signs.module.css";

/** What is not as usual in a lane, as small signs; nothing while all is usual. */
export function LaneSigns({ lane, money }: { readonly lane: LaneView; readonly money: MoneyText }) {
  const signs = [
    modeSign(lane),
    turnSign(lane),
    ...SWITCH_INPUTS.map((input) => switchSign(input, lane)),
    ticketSign(lane),
    ...cardSigns(lane, money),
  ].filter((sign) => sign !== null);
  if (signs.length === 0) return null;
  return (
    <ul className={classes["signs"]} aria-label="Not as usual">
      {signs.map(({ key, tone, icon, words }) => (
        <li key={key} data-tone={tone}>
          {icon}
          {words}
        </li>
      ))}
    </ul>
  );
}

type Sign = {
  readonly key: string;
  readonly tone: "note" | "active" | "due" | "warn" | "fault";
  readonly icon: ReactNode;
  readonly words: string;
};

const SIZE = { size: 20, "aria-hidden": true } as const;

function modeSign({ mode }: LaneView): Sign | null {
  if (mode === "open") return null;
  const tone = mode === "closed" || mode === "closed_to_all" ? "warn" : "note";
  return { key: "mode", tone, icon: <IconRoadSign {...SIZE} />, words: `Mode: ${MODE_TITLES[mode]}` };
}

function turnSign({ turn_to: turnTo }: LaneView): Sign | null {
  if (turnTo === null) return null;
  const words = `Turns to ${turnTo} when clear`;
  return { key: "turn", tone: "active", icon: <IconArrowsExchange {...SIZE} />, words };
}

const SWITCHES: Record<
  SwitchInput,
  Pick<Sign, "tone" | "icon"> & { readonly name: string; readonly on: string }
> = {
  button: {
    tone: "active",
    icon: <IconHandClick {...SIZE} />,
    name: "Ticket button",
    on: "Ticket button pressed",
  },
  fire: { tone: "fault", icon: <IconFlame {...SIZE} />, name: "Fire signal", on: "Fire signal on" },
  stop: { tone: "fault", icon: <IconHandStop {...SIZE} />, name: "Stop button", on: "Stop button pressed" },
  key_switch: { tone: "warn", icon: <IconKey {...SIZE} />, name: "Key switch", on: "Key switch on" },
};

function switchSign(input: SwitchInput, { inputs }: LaneView): Sign | null {
  const { tone, icon, name, on } = SWITCHES[input];
  if (inputs[input] === "on") return { key: input, tone, icon, words: on };
  // With its board silent nothing is known, and the card says so.
  const blind = SENSOR_INPUTS.every((sensor) => inputs[sensor] === "unknown" || inputs[sensor] === "absent");
  if (inputs[input] !== "unknown" || blind) return null;
  return { key: input, tone: "warn", icon, words: `${name} unknown` };
}

function ticketSign({ ticket, state }: LaneView): Sign | null {
  // These states are called so.
  if (ticket === null || state === "PRINTING" || state === "WAIT_TAKE") return null;
  const words = ticket === "printing" ? "Ticket is being printed" : "Ticket waits to be taken";
  return { key: "ticket", tone: "active", icon: <IconReceipt {...SIZE} />, words };
}

const CARD_WORDS: Record<NonNullable<LaneView["card"]>["status"], string> = {
  under_way: "under way",
  stopping: "being stopped",
  in_doubt: "in doubt",
  giving_back: "being given back",
};

function cardSigns({ state, card, cards_left_open: leftOpen }: LaneView, money: MoneyText): readonly Sign[] {
  const icon = <IconCreditCard {...SIZE} />;
  const signs: Sign[] = [];
  // This state is called so.
  if (card !== null && state !== "PAY_UNKNOWN") {
    const words = `Card: ${money(card.amount_minor)} ${CARD_WORDS[card.status]}`;
    signs.push({ key: "card", tone: card.status === "in_doubt" ? "warn" : "due", icon, words });
  }
  if (leftOpen > 0) {
    const words = leftOpen === 1 ? "1 card payment left open" : `${leftOpen} card payments left open`;
    signs.push({ key: "left", tone: "warn", icon, words });
  }
  return signs;
}
