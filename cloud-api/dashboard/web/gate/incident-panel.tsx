import { ActionIcon, Tooltip } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import type { FacilityView } from "../../contract.ts";
import type { IncidentView, LinkView } from "../../../fleet/link-contract.ts";
import { formatCount, formatWhen } from "../format.ts";
import { Nothing, Panel } from "../panel.tsx";
import styles from "./gate.module.css";
import { incidentWords } from "./words.ts";

type IncidentPanelProps = {
  readonly facility: FacilityView;
  readonly link: LinkView;
  readonly nowMs: number;
  readonly onSeen: (incidentId: string) => void;
};

/** What a person should look at, and the events that nobody could understand. */
export function IncidentPanel({ facility: { time_zone: zone }, link, nowMs, onSeen }: IncidentPanelProps) {
  const { incidents, quarantine, quarantined } = link;
  const open = incidents.filter(({ seen }) => seen === null).length;
  const when = (at: string): string => formatWhen(at, zone, nowMs);
  const aside = open > 0 && <span data-tone="warn">{formatCount(open)} open</span>;
  return (
    <Panel title="For a person to look at" aside={aside}>
      {incidents.length === 0 && quarantined === 0 && <Nothing>Nothing</Nothing>}
      <ul className={styles["list"]}>
        {incidents.map((incident) => (
          <Incident key={incident.id} incident={incident} when={when} onSeen={onSeen} />
        ))}
        {quarantine.map(({ seq, kind, error, at }) => (
          <li key={seq} className={styles["row"]}>
            <div className={styles["what"]}>
              Event {formatCount(seq)} in quarantine<span className={styles["soft"]}> · {kind}</span>
              <div className={styles["detail"]}>{error}</div>
            </div>
            <div className={styles["end"]}>
              <time dateTime={at}>{when(at)}</time>
            </div>
          </li>
        ))}
        {quarantined > quarantine.length && (
          <li className={styles["row"]}>
            <div className={styles["soft"]}>
              and {formatCount(quarantined - quarantine.length)} older events in quarantine
            </div>
          </li>
        )}
      </ul>
    </Panel>
  );
}

type IncidentProps = Pick<IncidentPanelProps, "onSeen"> & {
  readonly incident: IncidentView;
  readonly when: (at: string) => string;
};

function Incident({ incident, when, onSeen }: IncidentProps) {
  const { id, kind, detail, count, last_at: at, seen } = incident;
  return (
    <li className={styles["row"]} data-seen={seen !== null}>
      <div className={styles["what"]}>
        {incidentWords(kind)}
        {count > 1 && <span className={styles["soft"]}> · {formatCount(count)} times</span>}
        <div className={styles["detail"]}>{detail}</div>
      </div>
      <div className={styles["end"]}>
        {seen !== null && <span>seen by {seen.by}</span>}
        <time dateTime={at}>{when(at)}</time>
      </div>
      {seen === null && (
        <Tooltip label="I have looked at it">
          <ActionIcon
            variant="default"
            size="lg"
            aria-label={`Seen: ${incidentWords(kind)}`}
            onClick={() => onSeen(id)}
          >
            <IconCheck size={18} />
          </ActionIcon>
        </Tooltip>
      )}
    </li>
  );
}
