import type { CommandView } from "@parkme/shared/protocol/downlink";
import type { FacilityView } from "../../contract.ts";
import { formatWhen } from "../format.ts";
import { Nothing, Panel } from "../panel.tsx";
import styles from "./gate.module.css";
import { ACT_WORDS, STATUS_WORDS } from "./words.ts";

type CommandsPanelProps = {
  readonly facility: FacilityView;
  readonly commands: readonly CommandView[];
  readonly nowMs: number;
};

/** What was asked of the gate from here, with its answers. */
export function CommandsPanel({ facility, commands, nowMs }: CommandsPanelProps) {
  return (
    <Panel title="Asked of the gate">
      {commands.length === 0 ? (
        <Nothing>Nothing yet</Nothing>
      ) : (
        <ul className={styles["list"]}>
          {commands.map((command) => (
            <Command key={command.command_id} command={command} facility={facility} nowMs={nowMs} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

type CommandProps = Omit<CommandsPanelProps, "commands"> & { readonly command: CommandView };

function Command({ command, facility: { lanes, time_zone: zone }, nowMs }: CommandProps) {
  const { act, lane: slug, actor, reason, status, detail, issued_at: at } = command;
  const { text, tone } = STATUS_WORDS[status];
  const lane = lanes.find((its) => its.slug === slug)?.name ?? slug;
  return (
    <li className={styles["row"]}>
      <div className={styles["what"]}>
        {ACT_WORDS[act]}
        {lane !== null && <span className={styles["soft"]}> · {lane}</span>}
        <div className={styles["detail"]}>
          {actor}: {reason}
        </div>
        {detail !== null && detail !== "" && <div className={styles["detail"]}>The gate: {detail}</div>}
      </div>
      <div className={styles["end"]}>
        <span data-tone={tone}>{text}</span>
        <time dateTime={at}>{formatWhen(at, zone, nowMs)}</time>
      </div>
    </li>
  );
}
