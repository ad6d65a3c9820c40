import {
  IconAlertTriangle,
  IconCamera,
  IconCircleCheck,
  IconCpu,
  IconCreditCard,
  IconDeviceTv,
  IconPrinter,
  IconScan,
} from "@tabler/icons-react";
import type { DeviceView } from "@parkme/shared/protocol/kiosk";
import { DEVICE_WORDS } from "../logic/device-words.ts";
import { sentence } from "../logic/sentence.ts";
import classes from "./device-list.module.css";

const ICONS: Record<DeviceView["kind"], typeof IconCpu> = {
  board: IconCpu,
  camera: IconCamera,
  reader: IconScan,
  printer: IconPrinter,
  display: IconDeviceTv,
  terminal: IconCreditCard,
};

/** Every device of the gate, in its order: faulty ones first. */
export function DeviceList({ devices }: { readonly devices: readonly DeviceView[] }) {
  const faulty = devices.filter(({ ok }) => !ok).length;
  return (
    <>
      <p className={classes["summary"]} data-faulty={faulty > 0 || undefined}>
        {faulty > 0
          ? `${faulty} of ${devices.length} do not work as they should`
          : `All ${devices.length} work`}
      </p>
      <ul className={classes["list"]}>
        {devices.map((device) => (
          <Device key={`${device.kind}/${device.name}`} device={device} />
        ))}
      </ul>
    </>
  );
}

function Device({ device: { name, kind, driver, ok, reason } }: { readonly device: DeviceView }) {
  const Icon = ICONS[kind];
  return (
    <li className={classes["device"]} data-faulty={!ok || undefined}>
      <Icon size={26} aria-hidden />
      <div>
        <strong>{name}</strong>
        <span>
          {DEVICE_WORDS[kind]}, {driver}
        </span>
        {reason !== "" && <p>{sentence(reason)}</p>}
      </div>
      {ok ? (
        <IconCircleCheck size={24} aria-label="Works" />
      ) : (
        <IconAlertTriangle size={24} aria-label="Faulty" />
      )}
    </li>
  );
}
