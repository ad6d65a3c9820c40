import { IconArrowDownRight, IconArrowUpRight } from "@tabler/icons-react";
import type { FacilityView, MovementView } from "../contract.ts";
import { formatDay, formatMoney, formatTime, movementNote } from "./format.ts";
import styles from "./movement-list.module.css";
import { Nothing, Panel } from "./panel.tsx";

/** Who passed last, newest first. A row that is new slides in. */
export function MovementList({ facility }: { readonly facility: FacilityView }) {
  const { movements, today, time_zone: timeZone } = facility;
  return (
    <Panel title="Movements" aside={movements.length > 0 && `the last ${movements.length}`}>
      {movements.length === 0 ? (
        <Nothing>No vehicle has passed yet.</Nothing>
      ) : (
        <table className={styles["table"]}>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Plate</th>
              <th scope="col">Lane</th>
              <th scope="col" className={styles["fee"]}>
                Fee
              </th>
            </tr>
          </thead>
          <tbody>
            {movements.map((movement) => (
              <MovementRow
                key={movement.id}
                movement={movement}
                timeZone={timeZone}
                ofToday={movement.at >= today.starts_at}
              />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

type MovementRowProps = {
  readonly movement: MovementView;
  readonly timeZone: string;
  readonly ofToday: boolean;
};

function MovementRow({ movement, timeZone, ofToday }: MovementRowProps) {
  const note = movementNote(movement.kind, movement.review);
  return (
    <tr className={styles["row"]}>
      <td className={styles["time"]}>
        {formatTime(movement.at, timeZone, true)}
        {!ofToday && <span className={styles["day"]}>{formatDay(movement.at, timeZone)}</span>}
      </td>
      <td>
        {movement.plate === null ? (
          <span className={styles["unread"]}>not read</span>
        ) : (
          <span className={styles["plate"]}>{movement.plate}</span>
        )}
      </td>
      <td>
        <span className={styles["lane"]} data-direction={movement.direction}>
          {movement.direction === "in" ? (
            <IconArrowDownRight size={17} stroke={2.2} aria-label="in" />
          ) : (
            <IconArrowUpRight size={17} stroke={2.2} aria-label="out" />
          )}
          {movement.lane}
          {note !== null && <span className={styles["note"]}>{note}</span>}
        </span>
      </td>
      <td className={styles["fee"]}>{movement.fee === null ? "" : formatMoney(movement.fee)}</td>
    </tr>
  );
}
