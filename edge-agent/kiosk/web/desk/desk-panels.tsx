import type { ReactNode } from "react";
import { Drawer } from "@mantine/core";
import { CurrentAlarms, EarlierAlarms, type AlarmPanelProps } from "../alarms/alarm-panel.tsx";
import { DeviceList } from "../devices/device-list.tsx";
import { FacilityPanel } from "../facility/facility-panel.tsx";
import type { Snapshot } from "../gate/snapshot.ts";
import type { Panel } from "./panel-buttons.tsx";

type Props = Omit<AlarmPanelProps, "snapshot"> & {
  readonly snapshot: Snapshot;
  /** The one that is open; null = none. */
  readonly panel: Panel | null;
  readonly onClose: () => void;
};

/** What is wanted now and then, over the right side of the desk. */
export function DeskPanels({ panel, onClose, ...props }: Props) {
  const { api, snapshot, stale, time, nowMs } = props;
  const drawer = (which: Panel, title: string, children: ReactNode) => (
    <Drawer
      opened={panel === which}
      onClose={onClose}
      title={title}
      position="right"
      size="min(560px, 100vw)"
    >
      {children}
    </Drawer>
  );
  return (
    <>
      {drawer(
        "alarms",
        "Alarms",
        <>
          <CurrentAlarms {...props} />
          <EarlierAlarms {...props} />
        </>,
      )}
      {drawer("facility", "Facility", <FacilityPanel {...{ api, snapshot, stale, time, nowMs }} />)}
      {drawer("devices", "Devices", <DeviceList devices={snapshot.devices} />)}
    </>
  );
}
