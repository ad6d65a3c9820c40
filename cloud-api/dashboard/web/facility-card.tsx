import { RingProgress } from "@mantine/core";
import { IconArrowDownRight, IconArrowUpRight, IconChevronRight } from "@tabler/icons-react";
import type { FacilityView, LaneView } from "../contract.ts";
import styles from "./facility-card.module.css";
import { describeEdge, formatCount, formatMoney, formatTime } from "./format.ts";
import { laneWords } from "./gate/words.ts";

type FacilityCardProps = {
  readonly facility: FacilityView;
  readonly nowMs: number;
  readonly selected: boolean;
  /** The only one: there is nothing to choose. */
  readonly alone: boolean;
  readonly onSelect: () => void;
  /** To the page of its gate. */
  readonly onGate: () => void;
};

/** A facility at a glance; the selected one also shows its lanes. */
export function FacilityCard({ facility, nowMs, selected, alone, onSelect, onGate }: FacilityCardProps) {
  const { today, time_zone: timeZone } = facility;
  const edge = describeEdge(facility.edge, nowMs);
  return (
    <article className={styles["card"]} data-selected={selected && !alone} data-alone={alone}>
      <header className={styles["head"]}>
        <h2 className={styles["name"]}>
          {alone ? (
            facility.name
          ) : (
            <button type="button" className={styles["choose"]} aria-pressed={selected} onClick={onSelect}>
              {facility.name}
            </button>
          )}
        </h2>
        <button
          type="button"
          className={styles["edge"]}
          data-tone={edge.tone}
          aria-label={`${facility.name}, the gate: ${edge.text}`}
          onClick={onGate}
        >
          <span className={styles["dot"]} />
          {edge.text}
          <IconChevronRight size={14} aria-hidden />
        </button>
        <span className={styles["clock"]}>{formatTime(new Date(nowMs).toISOString(), timeZone)}</span>
      </header>

      <div className={styles["figures"]}>
        <Occupancy inside={facility.inside} capacity={facility.capacity} size={alone ? 148 : 100} />
        <dl className={styles["today"]}>
          <div className={styles["revenue"]}>
            <dt>Revenue today</dt>
            {today.revenue.map((money) => (
              <dd key={money.currency}>{formatMoney(money)}</dd>
            ))}
          </div>
          <div>
            <dt>In</dt>
            <dd className={styles["in"]}>
              <IconArrowDownRight size={16} stroke={2.2} aria-hidden />
              {formatCount(today.in)}
            </dd>
          </div>
          <div>
            <dt>Out</dt>
            <dd className={styles["out"]}>
              <IconArrowUpRight size={16} stroke={2.2} aria-hidden />
              {formatCount(today.out)}
            </dd>
          </div>
        </dl>
      </div>

      {selected && <Lanes lanes={facility.lanes} timeZone={timeZone} />}
    </article>
  );
}

type OccupancyProps = { readonly inside: number; readonly capacity: number; readonly size: number };

const NEARLY_FULL = 0.85;

function Occupancy({ inside, capacity, size }: OccupancyProps) {
  const share = inside / capacity;
  const color =
    share >= 1 ? "var(--pk-bad)" : share >= NEARLY_FULL ? "var(--pk-warn-fill)" : "var(--pk-blue)";
  const free = Math.max(0, capacity - inside);
  return (
    <RingProgress
      size={size}
      thickness={size / 12}
      roundCaps
      rootColor="var(--pk-track)"
      sections={inside === 0 ? [] : [{ value: Math.min(100, share * 100), color }]}
      aria-label={`${inside} of ${capacity} inside`}
      label={
        <div className={styles["ring"]} data-large={size > 120}>
          <span className={styles["inside"]}>{formatCount(inside)}</span>
          <span className={styles["of"]}>of {formatCount(capacity)}</span>
          <span className={styles["free"]}>{free === 0 ? "full" : `${formatCount(free)} free`}</span>
        </div>
      }
    />
  );
}

function Lanes({ lanes, timeZone }: { readonly lanes: readonly LaneView[]; readonly timeZone: string }) {
  return (
    <table className={styles["lanes"]}>
      <thead>
        <tr>
          <th scope="col">Lane</th>
          <th scope="col">Today</th>
          <th scope="col">Last</th>
        </tr>
      </thead>
      <tbody>
        {lanes.map((lane) => (
          <tr key={lane.slug}>
            <th scope="row">
              <span className={styles["laneName"]} data-direction={lane.direction}>
                {lane.direction === "entry" ? (
                  <IconArrowDownRight size={16} aria-label="in" />
                ) : (
                  <IconArrowUpRight size={16} aria-label="out" />
                )}
                {lane.name}
              </span>
              <LaneNow now={lane.now} />
            </th>
            <td>{formatCount(lane.today)}</td>
            <td>{lane.last_at === null ? "–" : formatTime(lane.last_at, timeZone)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What is unusual about a lane now; nothing where it is as always. */
function LaneNow({ now }: Pick<LaneView, "now">) {
  const { text, tone } = laneWords(now);
  if (tone !== "warn" && tone !== "bad") return null;
  return (
    <div className={styles["laneNow"]} data-tone={tone}>
      {text}
    </div>
  );
}
