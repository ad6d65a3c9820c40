import { UnstyledButton } from "@mantine/core";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import { cardId } from "../lane/lane-card.tsx";
import { describeState, toneOf } from "../logic/lane-words.ts";
import classes from "./lane-strip.module.css";

/** So many lanes fit on a screen; with more, the ones that need somebody may be out of sight. */
const FIT = 4;

/** Every lane in brief, where not all cards fit on the screen. Pressing one brings its card into view. */
export function LaneStrip({ lanes }: { readonly lanes: readonly LaneView[] }) {
  if (lanes.length <= FIT) return null;
  return (
    <nav className={classes["strip"]} aria-label="All lanes">
      {lanes.map((lane) => {
        const words = describeState(lane);
        return (
          <UnstyledButton
            key={lane.lane}
            className={classes["lane"] ?? ""}
            data-tone={toneOf(words, lane.health)}
            onClick={() => document.getElementById(cardId(lane.lane))?.scrollIntoView({ behavior: "smooth" })}
          >
            <strong>{lane.name}</strong>
            <span>{words.title}</span>
          </UnstyledButton>
        );
      })}
    </nav>
  );
}
