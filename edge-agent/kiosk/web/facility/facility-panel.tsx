import { useState } from "react";
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconRoadSign, IconRotate2 } from "@tabler/icons-react";
import type { ModeView } from "@parkme/shared/protocol/kiosk";
import { ModeDialog } from "../actions/mode-dialog.tsx";
import { NO_CONTACT } from "../actions/no-contact.ts";
import { ReasonDialog } from "../actions/reason-dialog.tsx";
import { PASSBACK_WORDS } from "../actions/reasons.ts";
import type { GateApi } from "../gate/api.ts";
import type { Snapshot } from "../gate/snapshot.ts";
import type { MoneyText } from "../logic/money-text.ts";
import { MODE_TITLES, modeOrigin, ownMode } from "../logic/mode-words.ts";
import { describeRoom } from "../logic/room.ts";
import { elapsedText, type TimeText } from "../logic/time-text.ts";
import { CountDialog } from "./count-dialog.tsx";
import { TariffCard } from "./tariff-card.tsx";
import classes from "./facility-panel.module.css";

type Clockwork = { readonly time: TimeText; readonly nowMs: number };
type Props = Clockwork & {
  readonly api: GateApi;
  readonly snapshot: Snapshot;
  readonly money: MoneyText;
  readonly stale: boolean;
};

/** The facility and its zones: how full they are, how they are run, and what a person can set right. */
export function FacilityPanel({ api, snapshot, money, stale, time, nowMs }: Props) {
  const { facility, inside, held, zones, modes, lists } = snapshot;
  const titleOf = (name: string | null): string | null =>
    zones.find((zone) => zone.name === name)?.title ?? null;
  return (
    <div className={classes["panel"]}>
      <Place
        scope="facility"
        name={facility.slug}
        title={facility.name}
        capacity={facility.capacity}
        within={null}
        set={ownMode(modes, "facility", facility.slug)}
        {...{ api, inside, held, stale, time, nowMs }}
      />
      {zones.length > 0 && <h3>Zones</h3>}
      {zones.map((zone) => (
        <Place
          key={zone.name}
          scope="zone"
          within={titleOf(zone.parent)}
          set={ownMode(modes, "zone", zone.name)}
          {...zone}
          {...{ api, stale, time, nowMs }}
        />
      ))}
      <h3>Tariff</h3>
      <TariffCard {...{ api, money, time, nowMs }} />
      <h3>Anti-passback</h3>
      <PassbackReset {...{ api, stale }} facility={facility.name} />
      {lists !== null && <Lists {...{ lists, time, nowMs }} />}
    </div>
  );
}

type PlaceProps = Clockwork & {
  readonly api: GateApi;
  readonly scope: "facility" | "zone";
  readonly name: string;
  readonly title: string;
  readonly capacity: number;
  readonly inside: number;
  readonly held: number;
  /** The zone that it lies in, by its title. */
  readonly within: string | null;
  /** The mode that was set for it itself; null = none. */
  readonly set: ModeView | null;
  readonly stale: boolean;
};

function Place(props: PlaceProps) {
  const { api, scope, name, title, capacity, inside, held, within, set, stale, time, nowMs } = props;
  const mode = set?.mode ?? "open";
  const [dialog, setDialog] = useState<"mode" | "count" | null>(null);
  const close = (): void => setDialog(null);
  const blocked = stale ? NO_CONTACT : null;
  const { free, full, share, heldShare } = describeRoom({ inside, held, capacity });
  return (
    <section className={classes["place"]} data-scope={scope} data-full={full || undefined} aria-label={title}>
      <h4>
        {title}
        {within !== null && <small>in {within}</small>}
      </h4>
      <p className={classes["count"]}>
        <strong>{inside}</strong> of {capacity}
        <span>{full ? "full" : `${free} free`}</span>
      </p>
      <div className={classes["bar"]} aria-hidden>
        <span style={{ width: `${share * 100}%` }} />
        <span data-held style={{ width: `${heldShare * 100}%` }} />
      </div>
      {held > 0 && <p className={classes["held"]}>{held} kept for reservations</p>}
      {set !== null && <p className={classes["held"]}>{modeOrigin(set, time, nowMs)}</p>}
      <div className={classes["actions"]}>
        <Button
          variant="default"
          size="md"
          data-unusual={mode !== "open" || undefined}
          className={classes["mode"] ?? ""}
          disabled={stale}
          leftSection={<IconRoadSign size={22} aria-hidden />}
          onClick={() => setDialog("mode")}
        >
          Mode: {MODE_TITLES[mode]}
        </Button>
        <Button variant="default" size="md" disabled={stale} onClick={() => setDialog("count")}>
          Correct count
        </Button>
      </div>
      <ModeDialog
        opened={dialog === "mode"}
        onClose={close}
        subject={{ scope, name, title, current: mode }}
        {...{ api, blocked }}
      />
      <CountDialog
        opened={dialog === "count"}
        onClose={close}
        zone={scope === "zone" ? name : null}
        {...{ api, title, inside, blocked }}
      />
    </section>
  );
}

type PassbackProps = { readonly api: GateApi; readonly facility: string; readonly stale: boolean };

function PassbackReset({ api, facility, stale }: PassbackProps) {
  const [opened, setOpened] = useState(false);
  return (
    <div className={classes["passback"]}>
      <p>Who is inside by the record, but left unseen, is refused or flagged when coming again.</p>
      <Button
        variant="default"
        size="md"
        disabled={stale}
        leftSection={<IconRotate2 size={22} aria-hidden />}
        onClick={() => setOpened(true)}
      >
        Reset anti-passback
      </Button>
      <ReasonDialog
        opened={opened}
        onClose={() => setOpened(false)}
        subject={facility}
        words={PASSBACK_WORDS}
        blocked={stale ? NO_CONTACT : null}
        send={(key, reason) => api.resetPassback({ reason, idempotency_key: key })}
        onDone={() =>
          notifications.show({
            color: "green",
            title: facility,
            message: "Anti-passback begins anew. It is recorded.",
          })
        }
      />
    </div>
  );
}

type ListsProps = Clockwork & { readonly lists: NonNullable<Snapshot["lists"]> };

/** How old the lists are: what was changed at the office since does not hold here yet. */
function Lists({ lists, time, nowMs }: ListsProps) {
  const asOfMs = Date.parse(lists.as_of);
  return (
    <>
      <h3>Permits and lists</h3>
      <p className={classes["lists"]}>
        As of {time.moment(asOfMs, nowMs)}, {elapsedText(nowMs - asOfMs)} ago: {lists.permits} permits,{" "}
        {lists.reservations} reservations, {lists.blocked} blocked, {lists.watched} watched.
      </p>
    </>
  );
}
