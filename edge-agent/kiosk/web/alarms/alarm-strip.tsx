import { Button } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import type { Snapshot } from "../gate/snapshot.ts";
import { describeAlarm, isWaiting } from "../logic/alarm-words.ts";
import classes from "./alarm-strip.module.css";

type Props = {
  readonly snapshot: Pick<Snapshot, "alarms" | "alarms_waiting">;
  readonly laneNames: ReadonlyMap<string, string>;
  readonly onShow: () => void;
};

/**
 * Where there is no room for the panel: the first alarm that waits, and how many more there are. Fire and stop have
 * a banner of their own.
 */
export function AlarmStrip({ snapshot, laneNames, onShow }: Props) {
  const first = snapshot.alarms.find(
    (alarm) => isWaiting(alarm) && alarm.kind !== "fire" && alarm.kind !== "stopped",
  );
  if (first === undefined) return null;
  const { title, tone } = describeAlarm(first.kind);
  const more = snapshot.alarms_waiting - 1;
  return (
    <div className={classes["strip"]} data-tone={tone} role="status">
      <IconBell size={24} aria-hidden />
      <p>
        <strong>{title}</strong>, {laneNames.get(first.lane) ?? first.lane}
        {first.detail !== "" && `: ${first.detail}`}
      </p>
      <Button variant="default" size="md" onClick={onShow}>
        {more > 0 ? `Show, ${more} more` : "Show"}
      </Button>
    </div>
  );
}
