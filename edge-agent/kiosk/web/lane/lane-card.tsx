import {
  IconAlertTriangle,
  IconArrowLeft,
  IconArrowRight,
  IconFlame,
  IconHandStop,
} from "@tabler/icons-react";
import type { LaneMode } from "@parkme/shared/domain/lane-mode";
import type { Currency } from "@parkme/shared/domain/money";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import { LaneActions } from "../actions/lane-actions.tsx";
import type { GateApi } from "../gate/api.ts";
import { feeInView } from "../logic/due-stay.ts";
import {
  describeState,
  DIRECTION_WORDS,
  HEALTH_WORDS,
  toneOf,
  type StateWords,
  type Tone,
} from "../logic/lane-words.ts";
import type { MoneyText } from "../logic/money-text.ts";
import { elapsedText, type TimeText } from "../logic/time-text.ts";
import { sentence } from "../logic/sentence.ts";
import { LaneDrawing } from "./lane-drawing.tsx";
import { LaneSigns } from "./lane-signs.tsx";
import { PlateRead } from "./plate-read.tsx";
import { StayPanel } from "./stay-panel.tsx";
import classes from "./lane-card.module.css";

type Props = {
  readonly api: GateApi;
  readonly lane: LaneView;
  /** The mode that was set for the lane itself. */
  readonly ownMode: LaneMode;
  readonly currency: Currency;
  readonly money: MoneyText;
  readonly time: TimeText;
  readonly nowMs: number;
  /** The connection is lost: what the card shows may have changed, so nothing is to be done by it. */
  readonly stale: boolean;
};

/** One lane: what goes on in it, and what an attendant can do about it. */
export function LaneCard({ api, lane, ownMode, currency, money, time, nowMs, stale }: Props) {
  const words = describeState(lane);
  const tone = toneOf(words, lane.health);
  return (
    <article className={classes["card"]} data-tone={tone} aria-label={lane.name} id={cardId(lane.lane)}>
      <Band {...{ lane, words, tone, time, nowMs }} />
      <div className={classes["body"]}>
        <Troubles lane={lane} />
        <LaneSigns {...{ lane, money }} />
        <LaneDrawing lane={lane} />
        <p className={classes["display"]}>
          <span>Driver sees</span>
          <q>{lane.display || "–"}</q>
        </p>
        <PlateRead read={lane.read} {...{ time, nowMs }} />
        <StayPanel
          stay={lane.stay}
          fee={feeInView(lane)}
          readPlate={lane.read?.plate ?? null}
          {...{ money, time, nowMs }}
        />
      </div>
      <LaneActions {...{ api, lane, ownMode, currency, money, stale }} />
    </article>
  );
}

/** Where a lane's card is on the page. */
export function cardId(lane: string): string {
  return `lane-${lane}`;
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
  return (
    <header className={classes["band"]} data-tone={tone}>
      <div className={classes["name"]}>
        <Direction {...lane} />
        <h2>{lane.name}</h2>
        <span>{words.detail}</span>
      </div>
      <div className={classes["since"]}>
        since <time>{time.moment(sinceMs, nowMs)}</time>
      </div>
      <strong className={classes["state"]} role="status">
        {lane.held_by === "fire" && <IconFlame aria-hidden />}
        {lane.state === "STOPPED" && <IconHandStop aria-hidden />}
        {words.title}
      </strong>
      <div className={classes["elapsed"]}>{elapsedText(nowMs - sinceMs)}</div>
    </header>
  );
}

/** Which way vehicles go; in words where it changes. */
function Direction({ kind, direction }: Pick<LaneView, "kind" | "direction">) {
  const Arrow = direction === "entry" ? IconArrowRight : IconArrowLeft;
  if (kind !== "reversible") return <Arrow size={22} aria-hidden />;
  return (
    <b className={classes["direction"]}>
      <Arrow size={22} stroke={3} aria-hidden />
      {DIRECTION_WORDS[direction]}
    </b>
  );
}

/** That the lane does not do all it should, and why. */
function Troubles({ lane: { health, troubles, state } }: { readonly lane: LaneView }) {
  // Every lane begins as UNKNOWN: no alarm before there is a reason.
  if (troubles.length === 0 && (health === "ok" || state === "UNKNOWN")) return null;
  return (
    <div className={classes["troubles"]} data-out={health === "out_of_order" || undefined} role="alert">
      <IconAlertTriangle size={22} aria-hidden />
      <p>
        {health !== "ok" && <strong>{HEALTH_WORDS[health]}</strong>}
        {troubles.map((trouble) => (
          <span key={trouble}>{sentence(trouble)}</span>
        ))}
      </p>
    </div>
  );
}
