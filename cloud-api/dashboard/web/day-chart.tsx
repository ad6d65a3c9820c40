import { useComputedColorScheme } from "@mantine/core";
import { useMemo, useState } from "react";
import type { FacilityView } from "../contract.ts";
import styles from "./day-chart.module.css";
import { chartData, flowOptions, occupancyOptions, readColors } from "./day-chart-options.ts";
import { formatDay, formatTime } from "./format.ts";
import { Panel } from "./panel.tsx";
import { Plot } from "./plot.tsx";

/** The day so far: how many were inside, and below it who came and who left, by quarter of an hour. */
export function DayChart({ facility, at }: { readonly facility: FacilityView; readonly at: string }) {
  const { occupancy, capacity, time_zone: timeZone } = facility;
  const { starts_at: startsAt, ends_at: endsAt } = facility.today;
  const scheme = useComputedColorScheme("light");
  const [pointed, setPointed] = useState<number | null>(null);

  const data = useMemo(() => chartData(occupancy, at), [occupancy, at]);
  const options = useMemo(() => {
    const day = { startsAt, endsAt, timeZone, onPoint: setPointed };
    const colors = readColors(scheme);
    return { occupancy: occupancyOptions(day, capacity, colors), flow: flowOptions(day, colors) };
  }, [startsAt, endsAt, timeZone, capacity, scheme]);

  return (
    <Panel
      title={`Today, ${formatDay(startsAt, timeZone)}`}
      aside={<Readout facility={facility} index={pointed} />}
    >
      <div className={styles["plots"]}>
        <Plot className={styles["occupancy"]} options={options.occupancy} data={data.occupancy} />
        <Plot className={styles["flow"]} options={options.flow} data={data.flow} />
      </div>
    </Panel>
  );
}

/** The legend; while the pointer is on a quarter of an hour, also its figures. */
function Readout({ facility, index }: { readonly facility: FacilityView; readonly index: number | null }) {
  const step = index === null ? undefined : facility.occupancy[index];
  const figure = (value: number | undefined) => (value === undefined ? null : <b>{value}</b>);
  return (
    <span className={styles["readout"]}>
      {step !== undefined && <b>{formatTime(step.starts_at, facility.time_zone)}</b>}
      <span data-series="inside">{figure(step?.inside)} inside</span>
      <span data-series="in">{figure(step?.in)} in</span>
      <span data-series="out">{figure(step?.out)} out</span>
    </span>
  );
}
