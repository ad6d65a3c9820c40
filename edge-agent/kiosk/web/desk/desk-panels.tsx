import type { ReactNode } from "react";
import { Drawer } from "@mantine/core";
import { CurrentAlarms, EarlierAlarms, type AlarmPanelProps } from "../alarms/alarm-panel.tsx";
import { DeviceList } from "../devices/device-list.tsx";
import { FacilityPanel } from "../facility/facility-panel.tsx";
import type { Snapshot } from "../gate/snapshot.ts";
import type { MoneyText } from "../logic/money-text.ts";
import { PayDesk } from "../money/pay-desk.tsx";
import { ShiftPanel } from "../shifts/shift-panel.tsx";
import type { Panel } from "./panel-buttons.tsx";

type Props = Omit<AlarmPanelProps, "snapshot"> & {
  readonly snapshot: Snapshot;
  /** The one that is open; null = none. */
  readonly panel: Panel | null;
  readonly onClose: () => void;
  readonly money: MoneyText;
};

/** What is wanted now and then, over the right side of the desk. */
export function DeskPanels({ panel, onClose, ...props }: Props) {
  const { api, snapshot, stale, time, nowMs, money } = props;
  const drawer = (which: Panel, title: string, children: ReactNode, width = 560) => (
    <Drawer
      opened={panel === which}
      onClose={onClose}
      title={title}
      // Escape belongs to the dialogs inside: it must not close what they are about as well.
      closeOnEscape={false}
      position="right"
      size={`min(${width}px, 100vw)`}
    >
      {children}
    </Drawer>
  );
  return (
    <>
      {drawer("pay", "Pay desk", <PayDesk {...{ api, snapshot, money, time, nowMs, stale }} />, 1120)}
      {drawer("shift", "Shift", <ShiftPanel {...{ api, snapshot, money, time, nowMs, stale }} />, 680)}
      {drawer(
        "alarms",
        "Alarms",
        <>
          <CurrentAlarms {...props} />
          <EarlierAlarms {...props} />
        </>,
      )}
      {drawer("facility", "Facility", <FacilityPanel {...{ api, snapshot, money, stale, time, nowMs }} />)}
      {drawer("devices", "Devices", <DeviceList devices={snapshot.devices} />)}
    </>
  );
}
