import { IconAlertTriangle } from "@tabler/icons-react";
import type { FacilityView } from "../contract.ts";
import styles from "./alarm-list.module.css";
import { alarmWords, formatCount, formatSpan, formatTime } from "./format.ts";
import { Nothing, Panel } from "./panel.tsx";

const RECENT_S = 600;

/** What lanes reported today that somebody should know of; a recent one stands out. */
export function AlarmList({ facility, nowMs }: { readonly facility: FacilityView; readonly nowMs: number }) {
  const { alarms, today } = facility;
  return (
    <Panel title="Alarms" aside={today.alarms > 0 && `${formatCount(today.alarms)} today`}>
      {alarms.length === 0 ? (
        <Nothing>None today</Nothing>
      ) : (
        <ul className={styles["list"]}>
          {alarms.map((alarm) => {
            const ageSeconds = Math.max(0, (nowMs - Date.parse(alarm.at)) / 1_000);
            return (
              <li key={alarm.id} className={styles["alarm"]} data-recent={ageSeconds < RECENT_S}>
                <IconAlertTriangle size={18} aria-hidden className={styles["icon"]} />
                <div className={styles["words"]}>
                  <div className={styles["kind"]}>
                    {alarmWords(alarm.kind)} <span className={styles["lane"]}>· {alarm.lane}</span>
                  </div>
                  {alarm.detail !== "" && <div className={styles["detail"]}>{alarm.detail}</div>}
                </div>
                <time className={styles["time"]} dateTime={alarm.at}>
                  {ageSeconds < RECENT_S
                    ? `${formatSpan(ageSeconds)} ago`
                    : formatTime(alarm.at, facility.time_zone)}
                </time>
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}
