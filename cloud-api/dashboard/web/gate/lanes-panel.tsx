import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconArrowDownRight, IconArrowUpRight, IconDots } from "@tabler/icons-react";
import { useState } from "react";
import { REMOTE_ACTS, type RemoteAct } from "@parkme/shared/protocol/downlink";
import type { FacilityView, LaneView } from "../../contract.ts";
import { formatSpan } from "../format.ts";
import { Nothing, Panel } from "../panel.tsx";
import { AskDialog, type Wanted } from "./ask-dialog.tsx";
import styles from "./gate.module.css";
import { ACT_WORDS, laneWords } from "./words.ts";

type LanesPanelProps = {
  readonly facility: FacilityView;
  readonly nowMs: number;
  readonly onSent: () => void;
};

/** The lanes as they are now, and what headquarters can have done there. */
export function LanesPanel({ facility, nowMs, onSent }: LanesPanelProps) {
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const { lanes, live } = facility;
  return (
    <Panel title="Lanes" aside={heard(live, nowMs)}>
      {lanes.length === 0 && <Nothing>No lane is set up</Nothing>}
      <ul className={styles["list"]}>
        {lanes.map((lane) => (
          <Lane key={lane.slug} lane={lane} onAsk={(act) => setWanted({ act, lane })} />
        ))}
      </ul>
      {wanted !== null && (
        <AskDialog
          facilityId={facility.id}
          wanted={wanted}
          onClose={() => setWanted(null)}
          onSent={() => {
            setWanted(null);
            onSent();
          }}
        />
      )}
    </Panel>
  );
}

function heard(live: FacilityView["live"], nowMs: number): string {
  if (live === null) return "not heard of yet";
  return live.fresh
    ? "as they are now"
    : `last heard ${formatSpan((nowMs - Date.parse(live.at)) / 1_000)} ago`;
}

/** A ticket is printed again by its number, at the desk that has the driver before it: not from here. */
const MORE_ACTS = REMOTE_ACTS.filter((act) => act !== "vend" && act !== "snapshot" && act !== "reprint");

type LaneProps = { readonly lane: LaneView; readonly onAsk: (act: RemoteAct) => void };

function Lane({ lane: { name, direction, now }, onAsk }: LaneProps) {
  const { text, tone } = laneWords(now);
  return (
    <li className={styles["lane"]}>
      <span className={styles["direction"]} data-direction={direction}>
        {direction === "entry" ? (
          <IconArrowDownRight size={18} aria-label="in" />
        ) : (
          <IconArrowUpRight size={18} aria-label="out" />
        )}
      </span>
      <div className={styles["what"]}>
        {name}
        <div className={styles["now"]} data-tone={tone}>
          {text}
        </div>
      </div>
      <Button
        variant="default"
        size="compact-sm"
        aria-label={`${ACT_WORDS.vend}: ${name}`}
        onClick={() => onAsk("vend")}
      >
        {ACT_WORDS.vend}
      </Button>
      <Menu position="bottom-end" transitionProps={{ duration: 0 }}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="md" aria-label={`More for ${name}`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {MORE_ACTS.map((act) => (
            <Menu.Item key={act} onClick={() => onAsk(act)}>
              {ACT_WORDS[act]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </li>
  );
}
