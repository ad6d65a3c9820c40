import { Button } from "@mantine/core";
import { IconAlertOctagon, IconAlertTriangle, IconCheck, IconEye } from "@tabler/icons-react";
import type { AlarmView } from "@parkme/shared/protocol/kiosk";
import { alarmTimes, describeAlarm, goesOn, isWaiting, type AlarmTone } from "../logic/alarm-words.ts";
import { sentence } from "../logic/sentence.ts";
import type { TimeText } from "../logic/time-text.ts";
import type { Acknowledge } from "./use-acknowledge.ts";
import classes from "./alarm-list.module.css";

export type AlarmContext = {
  readonly laneNames: ReadonlyMap<string, string>;
  readonly time: TimeText;
  readonly nowMs: number;
};

type Props = AlarmContext & {
  readonly alarms: readonly AlarmView[];
  readonly label: string;
  /** Null where there is nothing to acknowledge any more. */
  readonly acknowledging: (Acknowledge & { readonly disabled: boolean }) | null;
};

export function AlarmList({ alarms, label, acknowledging, ...context }: Props) {
  return (
    <div className={classes["frame"]}>
      {/* Focusable, so that arrow keys scroll it. */}
      <ol className={classes["list"]} tabIndex={0} aria-label={label}>
        {alarms.map((alarm) => (
          <Alarm key={alarm.alarm_id} {...{ alarm, acknowledging }} {...context} />
        ))}
      </ol>
    </div>
  );
}

const ICONS: Record<AlarmTone, typeof IconEye> = {
  fault: IconAlertOctagon,
  warn: IconAlertTriangle,
  note: IconEye,
};

type AlarmProps = AlarmContext & Pick<Props, "acknowledging"> & { readonly alarm: AlarmView };

function Alarm({ alarm, acknowledging, laneNames, time, nowMs }: AlarmProps) {
  const { title, tone } = describeAlarm(alarm.kind);
  const Icon = ICONS[tone];
  const { alarm_id: id, acknowledged_at: at, acknowledged_by: by } = alarm;
  return (
    <li className={classes["alarm"]} data-tone={tone} data-waiting={isWaiting(alarm) || undefined}>
      <Icon className={classes["icon"] ?? ""} size={26} aria-hidden />
      <div className={classes["words"]}>
        <strong>{title}</strong>
        <span className={classes["where"]}>
          {laneNames.get(alarm.lane) ?? alarm.lane} <span aria-hidden>·</span>{" "}
          <time data-on={goesOn(alarm) || undefined}>{alarmTimes(alarm, time, nowMs)}</time>
        </span>
        {alarm.detail !== "" && <p>{sentence(alarm.detail)}</p>}
        {at !== null && (
          <span className={classes["seen"]}>
            <IconCheck size={18} aria-hidden />
            {by ?? "Acknowledged"}, {time.moment(Date.parse(at), nowMs)}
          </span>
        )}
      </div>
      {at === null && acknowledging !== null && (
        <Button
          className={classes["acknowledge"] ?? ""}
          variant="default"
          size="md"
          disabled={acknowledging.disabled}
          loading={acknowledging.busy.has(id)}
          onClick={() => acknowledging.acknowledge([id])}
          aria-label={`Acknowledge: ${title}, ${laneNames.get(alarm.lane) ?? alarm.lane}`}
        >
          <IconCheck size={24} aria-hidden />
          <span>Acknowledge</span>
        </Button>
      )}
    </li>
  );
}
