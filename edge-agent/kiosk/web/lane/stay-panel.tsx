import type { CSSProperties } from "react";
import { VisuallyHidden } from "@mantine/core";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import { describeDuration } from "@parkme/shared/pricing/engine/texts";
import type { MoneyText } from "../logic/money-text.ts";
import type { TimeText } from "../logic/time-text.ts";
import classes from "./stay-panel.module.css";

type Stay = NonNullable<LaneView["stay"]>;

type Props = {
  readonly stay: Stay | null;
  /** What is asked for the stay now. */
  readonly fee: Stay["fee"];
  /** What the camera read in this lane just now; the stay was entered under the same plate or a similar one. */
  readonly readPlate: string | null;
  readonly money: MoneyText;
  readonly time: TimeText;
  readonly nowMs: number;
};

/** The stay of the vehicle in the lane, and what it owes. */
export function StayPanel({ stay, fee, readPlate, money, time, nowMs }: Props) {
  if (stay === null) {
    return (
      <section className={classes["panel"]} data-empty aria-label="Stay">
        No stay in this lane
      </section>
    );
  }
  const entryMs = Date.parse(stay.entry_at);
  const amount = fee === null ? "" : money(fee.amount_minor);
  // While money is asked for, the plate in view is this vehicle's; at other times it may be the next one's.
  const misread = fee !== null && readPlate !== null && readPlate !== stay.plate;
  const parkedMs = fee === null ? Math.max(0, nowMs - entryMs) : fee.duration_minutes * 60_000;
  return (
    <section className={classes["panel"]} aria-label="Stay">
      {fee !== null && (
        <div className={classes["fee"]}>
          <p className={classes["amount"]} style={{ "--characters": amount.length } as CSSProperties}>
            <VisuallyHidden>To pay </VisuallyHidden>
            {amount}
          </p>
          <div className={classes["why"]}>
            <strong>{fee.applied_rule}</strong>
            <ul>
              {fee.trace.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </div>
        </div>
      )}
      <dl className={classes["facts"]}>
        <Fact label="Ticket" value={stay.ticket_number} />
        {stay.right !== null && <Fact label="Right" value={RIGHT_WORDS[stay.right]} />}
        {stay.plate !== null && (
          <Fact label={misread ? "Entered as" : "Plate"} value={stay.plate} striking={misread} />
        )}
        <Fact label="Entered" value={time.moment(entryMs, nowMs)} />
        <Fact label="Parked" value={describeDuration(parkedMs)} />
      </dl>
    </section>
  );
}

const RIGHT_WORDS: Record<NonNullable<Stay["right"]>, string> = {
  permit: "Permit",
  reservation: "Reservation",
};

type FactProps = { readonly label: string; readonly value: string; readonly striking?: boolean };

function Fact({ label, value, striking = false }: FactProps) {
  return (
    <div data-striking={striking || undefined}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}
