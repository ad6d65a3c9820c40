import {
  IconArrowBarToDown,
  IconCamera,
  IconCircuitSwitchOpen,
  IconCpu,
  IconCreditCard,
  IconDeviceTvOld,
  IconId,
  IconPlugConnected,
  IconPrinter,
  IconScan,
  type Icon,
} from "@tabler/icons-react";
import type { FaultView, ThingKind, ThingView } from "../contract.ts";
import { api, type Act } from "./api.ts";
import classes from "./thing-tile.module.css";

const ICONS: Record<ThingKind, Icon> = {
  contact: IconCircuitSwitchOpen,
  arm: IconArrowBarToDown,
  board: IconCpu,
  camera: IconCamera,
  printer: IconPrinter,
  scanner: IconScan,
  reader: IconId,
  display: IconDeviceTvOld,
  terminal: IconCreditCard,
  cable: IconPlugConnected,
};

/** A device that more can happen to is given twice the width. */
const ROOM_FOR_FAULTS = 5;

type TilesProps = { readonly things: readonly ThingView[]; readonly act: Act };

export function ThingTiles({ things, act }: TilesProps) {
  return (
    <ul className={classes["tiles"]}>
      {things.map((thing) => (
        <Tile
          key={thing.target}
          thing={thing}
          onFault={(what, on) => void act(api.fault({ target: thing.target, what, on }))}
        />
      ))}
    </ul>
  );
}

type TileProps = {
  readonly thing: ThingView;
  readonly onFault: (what: string, on: boolean) => void;
};

function Tile({ thing, onFault }: TileProps) {
  const { kind, title, status, faults } = thing;
  const Symbol = ICONS[kind];
  const isBroken = faults.some(({ on }) => on === true);
  return (
    <li
      className={classes["tile"]}
      data-broken={isBroken || undefined}
      data-wide={faults.length > ROOM_FOR_FAULTS || undefined}
    >
      <h3>
        <Symbol size={18} aria-hidden />
        <span className={classes["name"]}>{title}</span>
        <span className={classes["status"]}>{status}</span>
      </h3>
      <div className={classes["faults"]}>
        {faults.map((fault) => (
          <FaultButton
            key={fault.what}
            fault={fault}
            thing={title}
            onFault={(on) => onFault(fault.what, on)}
          />
        ))}
      </div>
    </li>
  );
}

type FaultButtonProps = {
  readonly fault: FaultView;
  /** Said before the fault to those who hear the page. */
  readonly thing: string;
  readonly onFault: (on: boolean) => void;
};

/** A fault that goes on is pressed until it is mended; one of a moment is only done. */
export function FaultButton({ fault: { title, on }, thing, onFault }: FaultButtonProps) {
  return (
    <button
      type="button"
      className={classes["fault"]}
      aria-label={`${thing}: ${title}`}
      {...(on === null ? {} : { "aria-pressed": on })}
      onClick={() => onFault(on !== true)}
    >
      {title}
    </button>
  );
}
