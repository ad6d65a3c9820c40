import type { LaneLive, ThingView } from "../contract.ts";
import { api, type Act } from "./api.ts";
import app from "./app.module.css";
import { ContactTable } from "./contact-table.tsx";
import classes from "./lane-card.module.css";
import { LaneDrawing } from "./lane-drawing.tsx";
import { ThingTiles } from "./thing-tile.tsx";

type Props = {
  readonly number: number;
  readonly lane: LaneLive;
  readonly things: readonly ThingView[];
  readonly act: Act;
};

/** One lane: what happens in it, and everything that can go wrong there. */
export function LaneCard({ number, lane, things, act }: Props) {
  const titleId = `lane-${lane.name}`;
  const contacts = things.filter(({ kind }) => kind === "contact");
  const arm = things.find(({ kind }) => kind === "arm");
  const toggle = (target: string, what: string, on: boolean): void =>
    void act(api.fault({ target, what, on }));
  return (
    <section className={app["card"]} aria-labelledby={titleId}>
      <div className={classes["head"]}>
        <h2 id={titleId}>
          Lane {number}: {lane.name}
        </h2>
        <span className={classes["direction"]}>{lane.direction}</span>
        <span className={classes["queue"]}>
          {lane.vehicles.length === 0
            ? "nobody here"
            : lane.vehicles.length === 1
              ? "1 vehicle"
              : `${lane.vehicles.length} vehicles`}
        </span>
        {arm !== undefined && <span className={classes["arm"]}>Arm {arm.status}</span>}
      </div>
      <LaneDrawing
        lane={lane}
        jammed={arm?.faults.some(({ what, on }) => what === "jam" && on === true) === true}
        onCover={(input, on) => toggle(`${lane.name}/${input}`, "cover", on)}
        onJam={(on) => toggle(`${lane.name}/arm`, "jam", on)}
      />
      <div className={classes["below"]}>
        <ContactTable contacts={contacts} onFault={toggle} />
        <ThingTiles things={things.filter(({ kind }) => kind !== "contact")} act={act} />
      </div>
    </section>
  );
}
