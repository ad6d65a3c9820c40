import { IconTicket } from "@tabler/icons-react";
import type { LiveState } from "../contract.ts";
import app from "./app.module.css";
import classes from "./inside-list.module.css";

type Props = { readonly state: LiveState; readonly onLeave: (plate: string) => void };

export function InsideList({ state, onLeave }: Props) {
  const { inside, counters } = state;
  const hidden = counters.inside - inside.length;
  return (
    <section className={`${app["card"]} ${classes["list"]}`} aria-labelledby="inside-title">
      <h2 id="inside-title">Inside ({counters.inside}), next to leave first</h2>
      {inside.length === 0 && <p className={classes["empty"]}>Nobody is parked.</p>}
      <ul tabIndex={0} aria-labelledby="inside-title">
        {inside.map(({ plate, leaves_in_s: leavesInS, ticket }) => (
          <li key={plate}>
            <b>{plate}</b>
            {ticket && <IconTicket size={17} aria-label="carries a ticket" role="img" />}
            <span>{leavesInS === 0 ? "leaves" : `in ${duration(leavesInS)}`}</span>
            <button type="button" onClick={() => onLeave(plate)} aria-label={`Leave now: ${plate}`}>
              Leave now
            </button>
          </li>
        ))}
      </ul>
      {hidden > 0 && <p className={classes["empty"]}>and {hidden} more, who stay longer</p>}
    </section>
  );
}

function duration(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
