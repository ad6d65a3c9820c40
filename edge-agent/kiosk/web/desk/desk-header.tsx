import { ActionIcon, Button, Tooltip, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconCloudCheck, IconCloudOff, IconLogout, IconMoon, IconSun } from "@tabler/icons-react";
import type { Snapshot } from "../gate/snapshot.ts";
import type { MoneyText } from "../logic/money-text.ts";
import type { TimeText } from "../logic/time-text.ts";
import { PanelButtons, type Panel } from "./panel-buttons.tsx";
import classes from "./desk-header.module.css";

type Props = {
  readonly snapshot: Snapshot;
  readonly attendant: string;
  readonly money: MoneyText;
  readonly time: TimeText;
  readonly stale: boolean;
  /** The facility's time, which runs on while the connection is lost. */
  readonly nowMs: number;
  readonly onPanel: (panel: Panel) => void;
  readonly onSignOut: () => void;
};

export function DeskHeader(props: Props) {
  const { snapshot, attendant, money, time, stale, nowMs, onPanel, onSignOut } = props;
  const { facility, inside, today } = snapshot;
  return (
    <header className={classes["header"]} data-stale={stale || undefined}>
      <div className={classes["facility"]}>
        <h1>{facility.name}</h1>
        <p>
          <span className={classes["date"]}>{time.date(nowMs)}</span> <time>{time.clock(nowMs)}</time>
        </p>
      </div>
      <dl className={classes["figures"]}>
        <Occupancy inside={inside} capacity={facility.capacity} />
        <Figure label="In today" value={String(today.in)} />
        <Figure label="Out today" value={String(today.out)} />
        <Figure label="Cash today" value={money(today.cash_minor)} />
        {today.card_minor > 0 && <Figure label="Card today" value={money(today.card_minor)} wide />}
      </dl>
      <CloudState cloud={snapshot.cloud} time={time} nowMs={nowMs} />
      <div className={classes["tools"]}>
        <PanelButtons snapshot={snapshot} onOpen={onPanel} />
        <SchemeSwitch />
        <Button
          variant="default"
          size="md"
          leftSection={<IconLogout size={20} aria-hidden />}
          onClick={onSignOut}
          aria-label={`Sign out ${attendant}`}
          classNames={{ root: classes["signOut"] ?? "" }}
        >
          {attendant}
        </Button>
      </div>
    </header>
  );
}

type FigureProps = { readonly label: string; readonly value: string; readonly wide?: boolean };

/** `wide`: shown where there is room for it. */
function Figure({ label, value, wide = false }: FigureProps) {
  return (
    <div className={classes["figure"]} data-wide={wide || undefined}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Occupancy({ inside, capacity }: { readonly inside: number; readonly capacity: number }) {
  const share = capacity > 0 ? Math.min(1, Math.max(0, inside / capacity)) : 0;
  const full = inside >= capacity;
  return (
    <div className={classes["figure"]} data-full={full || undefined}>
      <dt>{full ? "Full" : "Inside"}</dt>
      <dd>
        {inside}
        <small> / {capacity}</small>
        <span className={classes["bar"]} aria-hidden>
          <span style={{ width: `${share * 100}%` }} />
        </span>
      </dd>
    </div>
  );
}

type CloudProps = { readonly cloud: Snapshot["cloud"]; readonly time: TimeText; readonly nowMs: number };

/** Calm on purpose: the gate works without the cloud, and the attendant has nothing to do. */
function CloudState({ cloud, time, nowMs }: CloudProps) {
  if (cloud === null) return null;
  const { connected, pending_events: pending, last_ack_at: lastAckAt, manifest } = cloud;
  const waiting = `${pending} ${pending === 1 ? "event" : "events"} waiting`;
  const last = lastAckAt === null ? "" : ` Last contact ${time.moment(Date.parse(lastAckAt), nowMs)}.`;
  const passed = connected
    ? "Everything that happens here is passed on."
    : `The gate goes on. What happens is kept and passed on later.${last}`;
  const settings =
    manifest === null
      ? ""
      : ` Settings of headquarters: version ${manifest.version}, of ${time.moment(Date.parse(manifest.made_at), nowMs)}.`;
  const refused =
    cloud.manifest_refused === null ? "" : ` A newer one was refused: ${cloud.manifest_refused}`;
  const hint = `${cloud.detail === null ? passed : `${cloud.detail}.`}${settings}${refused}`;
  return (
    <Tooltip label={hint} multiline maw={300} events={{ hover: true, focus: true, touch: true }}>
      <div className={classes["cloud"]} role="status" tabIndex={0} data-connected={connected || undefined}>
        {connected ? <IconCloudCheck size={26} aria-hidden /> : <IconCloudOff size={26} aria-hidden />}
        <div>
          <strong>{cloudWords(cloud)}</strong>
          <span>{connected && pending === 0 ? "all passed on" : waiting}</span>
        </div>
      </div>
    </Tooltip>
  );
}

function cloudWords({ state, connected }: NonNullable<Snapshot["cloud"]>): string {
  if (state === "not_enrolled") return "Not enrolled";
  if (state === "shut_out") return "Cut off from the cloud";
  if (state === "restoring") return "Restoring from the cloud";
  return connected ? "Cloud connected" : "Cloud offline";
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const label = dark ? "Switch to light" : "Switch to dark";
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} onClick={() => setColorScheme(dark ? "light" : "dark")}>
        {dark ? <IconSun size={24} /> : <IconMoon size={24} />}
      </ActionIcon>
    </Tooltip>
  );
}
