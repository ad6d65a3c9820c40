import { IconAlertTriangle, IconArrowLeft, IconArrowRight } from "@tabler/icons-react";
import type { Currency } from "@parkme/shared/domain/money";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import { LaneActions } from "../actions/lane-actions.tsx";
import type { GateApi } from "../gate/api.ts";
import { dueStay } from "../logic/due-stay.ts";
import { describeState, toneOf, type StateWords, type Tone } from "../logic/lane-words.ts";
import type { MoneyText } from "../logic/money-text.ts";
import { elapsedText, type TimeText } from "../logic/time-text.ts";
import { LaneDrawing } from "./lane-drawing.tsx";
import { PlateRead } from "./plate-read.tsx";
import { StayPanel } from "./stay-panel.tsx";
import classes from "./lane-card.module.css";

type Props = {
  readonly api: GateApi;
  readonly lane: LaneView;
  readonly currency: Currency;
  readonly money: MoneyText;
  readonly time: TimeText;
  readonly nowMs: number;
  /** The connection is lost: what the card shows may have changed, so nothing is to be done by it. */
  readonly stale: boolean;
};

/** One lane: what goes on in it, and what an attendant can do about it. */
export function LaneCard({ api, lane, currency, money, time, nowMs, stale }: Props) {
  const words = describeState(lane.state, lane.direction);
  const tone = toneOf(words, lane.troubles);
  return (
    <article className={classes["card"]} data-tone={tone} aria-label={lane.name}>
      <Band {...{ lane, words, tone, time, nowMs }} />
      <div className={classes["body"]}>
        <LaneDrawing lane={lane} />
        <p className={classes["display"]}>
          <span>Driver sees</span>
          <q>{lane.display || "–"}</q>
        </p>
        <Troubles troubles={lane.troubles} fault={tone === "fault"} />
        <PlateRead read={lane.read} {...{ time, nowMs }} />
        <StayPanel
          stay={lane.stay}
          fee={dueStay(lane)?.fee ?? null}
          readPlate={lane.read?.plate ?? null}
          {...{ money, time, nowMs }}
        />
      </div>
      <LaneActions {...{ api, lane, currency, money, stale }} />
    </article>
  );
}

type BandProps = {
  readonly lane: LaneView;
  readonly words: StateWords;
  readonly tone: Tone;
  readonly time: TimeText;
  readonly nowMs: number;
};

function Band({ lane, words, tone, time, nowMs }: BandProps) {
  const sinceMs = Date.parse(lane.since);
  const Arrow = lane.direction === "entry" ? IconArrowRight : IconArrowLeft;
  return (
    <header className={classes["band"]} data-tone={tone}>
      <div className={classes["name"]}>
        <Arrow size={22} aria-hidden />
        <h2>{lane.name}</h2>
        <span>{words.detail}</span>
      </div>
      <div className={classes["since"]}>
        since <time>{time.moment(sinceMs, nowMs)}</time>
      </div>
      <strong className={classes["state"]} role="status">
        {words.title}
      </strong>
      <div className={classes["elapsed"]}>{elapsedText(nowMs - sinceMs)}</div>
    </header>
  );
}

function Troubles({ troubles, fault }: { readonly troubles: readonly string[]; readonly fault: boolean }) {
  if (troubles.length === 0) return null;
  return (
    <ul className={classes["troubles"]} data-fault={fault || undefined} role="alert">
      {troubles.map((trouble) => (
        <li key={trouble}>
          <IconAlertTriangle size={20} aria-hidden />
          <span>{trouble}</span>
        </li>
      ))}
    </ul>
  );
}
