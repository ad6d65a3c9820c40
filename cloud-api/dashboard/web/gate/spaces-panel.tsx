import type { CapacityView, SlotView } from "../../../capacity/contract.ts";
import type { FacilityView } from "../../contract.ts";
import { formatCount, formatTime } from "../format.ts";
import { Panel } from "../panel.tsx";
import styles from "./gate.module.css";

type SpacesPanelProps = {
  readonly facility: FacilityView;
  readonly spaces: CapacityView;
  readonly nowMs: number;
};

/** Of the gate's spaces, those that headquarters may sell in the next hours, and those it has sold. */
export function SpacesPanel({ facility, spaces: { slots, requests }, nowMs }: SpacesPanelProps) {
  const asked = requests.some(({ expires_at: at }) => Date.parse(at) > nowMs);
  const most = Math.max(0, ...slots.map(({ sold }) => sold));
  const aside = asked ? "the gate is asked for more" : `${formatCount(most)} at most`;
  return (
    <Panel title="Spaces sold ahead" aside={aside}>
      <ol className={styles["hours"]}>
        {slots.map((slot, i) => (
          <Hour
            key={slot.slot}
            slot={slot}
            capacity={facility.capacity}
            label={i % LABEL_EVERY === 0 ? formatTime(slot.slot, facility.time_zone) : ""}
          />
        ))}
      </ol>
    </Panel>
  );
}

const LABEL_EVERY = 3;

type HourProps = { readonly slot: SlotView; readonly capacity: number; readonly label: string };

function Hour({ slot, capacity, label }: HourProps) {
  const part = (spaces: number): string => `${capacity > 0 ? Math.min(100, (spaces / capacity) * 100) : 0}%`;
  return (
    <li className={styles["hour"]} title={wordsOf(slot)}>
      <span className={styles["bar"]}>
        <span className={styles["free"]} style={{ height: part(slot.held) }} />
        <span className={styles["sold"]} style={{ height: part(slot.sold) }} data-owed={slot.owed > 0} />
      </span>
      <span className={styles["label"]}>{label}</span>
    </li>
  );
}

function wordsOf({ sold, held, owed }: SlotView): string {
  const words = `${formatCount(sold)} sold of ${formatCount(held)} from the gate`;
  return owed === 0 ? words : `${words}, ${formatCount(owed)} more than there are`;
}
