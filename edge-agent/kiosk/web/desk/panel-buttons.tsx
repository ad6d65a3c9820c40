import type { ReactNode } from "react";
import { ActionIcon } from "@mantine/core";
import { IconBell, IconCashRegister, IconCpu, IconParking, IconReportMoney } from "@tabler/icons-react";
import type { Snapshot } from "../gate/snapshot.ts";
import classes from "./panel-buttons.module.css";

export type Panel = "pay" | "shift" | "alarms" | "facility" | "devices";

type Props = {
  readonly snapshot: Pick<Snapshot, "alarms_waiting" | "devices" | "modes">;
  readonly onOpen: (panel: Panel) => void;
};

/** Opens the panels; a number says that there is something in them to look at. */
export function PanelButtons({ snapshot, onOpen }: Props) {
  const { alarms_waiting: waiting, devices, modes } = snapshot;
  const faulty = devices.filter(({ ok }) => !ok).length;
  const unusual = modes.some(({ scope }) => scope !== "lane");
  return (
    <div className={classes["buttons"]}>
      <PanelButton label="Pay desk" count={0} hint="stays and payments" onOpen={() => onOpen("pay")}>
        <IconCashRegister size={24} />
      </PanelButton>
      <PanelButton label="Shift" count={0} hint="drawer and reports" onOpen={() => onOpen("shift")}>
        <IconReportMoney size={24} />
      </PanelButton>
      <PanelButton
        label="Alarms"
        count={waiting}
        hint={waiting === 0 ? "none wait" : `${waiting} wait`}
        onOpen={() => onOpen("alarms")}
      >
        <IconBell size={24} />
      </PanelButton>
      <PanelButton
        label="Facility"
        count={0}
        dot={unusual}
        hint="counts and modes"
        onOpen={() => onOpen("facility")}
      >
        <IconParking size={24} />
      </PanelButton>
      <PanelButton
        label="Devices"
        count={faulty}
        hint={faulty === 0 ? "all work" : `${faulty} faulty`}
        onOpen={() => onOpen("devices")}
      >
        <IconCpu size={24} />
      </PanelButton>
    </div>
  );
}

type ButtonProps = {
  readonly label: string;
  readonly hint: string;
  readonly count: number;
  readonly dot?: boolean;
  readonly onOpen: () => void;
  readonly children: ReactNode;
};

function PanelButton({ label, hint, count, dot = false, onOpen, children }: ButtonProps) {
  return (
    <ActionIcon className={classes["button"] ?? ""} aria-label={`${label}: ${hint}`} onClick={onOpen}>
      {children}
      <span className={classes["label"]}>{label}</span>
      {count > 0 && <span className={classes["count"]}>{count > 99 ? "99+" : count}</span>}
      {dot && <span className={classes["dot"]} />}
    </ActionIcon>
  );
}
