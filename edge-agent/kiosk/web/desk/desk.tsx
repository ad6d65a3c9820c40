import { useMemo, useState } from "react";
import { Loader } from "@mantine/core";
import { AlarmPanel } from "../alarms/alarm-panel.tsx";
import { AlarmStrip } from "../alarms/alarm-strip.tsx";
import type { GateApi } from "../gate/api.ts";
import { useNow } from "../gate/browser-clock.ts";
import { useLive } from "../gate/use-live.ts";
import { LaneCard } from "../lane/lane-card.tsx";
import { ageMs, gateNowMs, isStale } from "../logic/freshness.ts";
import { ownMode } from "../logic/mode-words.ts";
import { createMoneyText } from "../logic/money-text.ts";
import { createTimeText } from "../logic/time-text.ts";
import { ConnectionBanner } from "./connection-banner.tsx";
import { DeskPanels } from "./desk-panels.tsx";
import { DeskHeader } from "./desk-header.tsx";
import { EmergencyBanner } from "./emergency-banner.tsx";
import { LaneStrip } from "./lane-strip.tsx";
import { Movements } from "./movements.tsx";
import type { Panel } from "./panel-buttons.tsx";
import classes from "./desk.module.css";

/** Twice a second: stale data is called so at most half a second late. */
const TICK_MS = 500;

type Props = {
  readonly api: GateApi;
  readonly attendant: string;
  /** The live stream was refused: ask whether the session still holds. Must be stable. */
  readonly onRefused: () => void;
  readonly onSignOut: () => void;
};

/** Everything an attendant works with: the header, one card per lane, the latest movements. */
export function Desk({ api, attendant, onRefused, onSignOut }: Props) {
  const now = useNow(TICK_MS);
  const [panel, setPanel] = useState<Panel | null>(null);
  const { snapshot, received, bad } = useLive(onRefused);
  const currency = snapshot?.currency;
  const timeZone = snapshot?.facility.time_zone;
  const money = useMemo(() => (currency === undefined ? null : createMoneyText(currency)), [currency]);
  const time = useMemo(() => (timeZone === undefined ? null : createTimeText(timeZone)), [timeZone]);
  const stale = isStale(received, now);
  const banner = (stale || bad !== null) && (
    <ConnectionBanner
      bad={bad}
      ageMs={ageMs(received, now)}
      shown={snapshot && time && time.clock(snapshot.atMs)}
    />
  );

  if (snapshot === null || money === null || time === null) {
    return (
      <main className={classes["waiting"]}>
        {banner}
        <Loader color="gray" />
        <p role="status">Waiting for the gate…</p>
      </main>
    );
  }

  const nowMs = gateNowMs(snapshot.atMs, received, now);
  const laneNames = new Map(snapshot.lanes.map(({ lane, name }) => [lane, name]));
  const alarmProps = { api, snapshot, stale, laneNames, time, nowMs };
  return (
    <div className={classes["desk"]} data-stale={stale || undefined}>
      <DeskHeader
        {...{ snapshot, attendant, money, time, stale, onSignOut }}
        onPanel={setPanel}
        nowMs={snapshot.atMs + ageMs(received, now)}
      />
      {banner}
      <EmergencyBanner lanes={snapshot.lanes} />
      <AlarmStrip {...{ snapshot, laneNames }} onShow={() => setPanel("alarms")} />
      <main className={classes["main"]}>
        <div className={classes["field"]}>
          <LaneStrip lanes={snapshot.lanes} />
          <section className={classes["lanes"]} aria-label="Lanes">
            {snapshot.lanes.map((lane) => (
              <LaneCard
                key={lane.lane}
                ownMode={ownMode(snapshot.modes, "lane", lane.lane)?.mode ?? "open"}
                currency={snapshot.currency}
                {...{ api, lane, money, time, nowMs, stale }}
              />
            ))}
          </section>
        </div>
        <aside className={classes["side"]}>
          <div className={classes["alarms"]}>
            <AlarmPanel {...alarmProps} />
          </div>
          <Movements movements={snapshot.movements} {...{ laneNames, money, time, nowMs }} />
        </aside>
      </main>
      <DeskPanels panel={panel} onClose={() => setPanel(null)} money={money} {...alarmProps} />
    </div>
  );
}
