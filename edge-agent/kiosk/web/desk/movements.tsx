import { IconArrowLeft, IconArrowRight, IconFlag3 } from "@tabler/icons-react";
import type { MovementView } from "@parkme/shared/protocol/kiosk";
import { describeKind, describeReview } from "../logic/lane-words.ts";
import type { MoneyText } from "../logic/money-text.ts";
import type { TimeText } from "../logic/time-text.ts";
import classes from "./movements.module.css";

type Context = {
  readonly laneNames: ReadonlyMap<string, string>;
  readonly money: MoneyText;
  readonly time: TimeText;
  readonly nowMs: number;
};

export function Movements({
  movements,
  ...context
}: Context & { readonly movements: readonly MovementView[] }) {
  return (
    <section className={classes["panel"]} aria-labelledby="movements-title">
      <h2 id="movements-title">Recent movements</h2>
      {movements.length === 0 && <p className={classes["none"]}>None yet today.</p>}
      {/* Focusable, so that arrow keys scroll it. */}
      <ol className={classes["list"]} tabIndex={0} aria-labelledby="movements-title">
        {movements.map((movement) => (
          <Movement key={movement.movement_id} movement={movement} {...context} />
        ))}
      </ol>
    </section>
  );
}

function Movement({
  movement,
  laneNames,
  money,
  time,
  nowMs,
}: Context & { readonly movement: MovementView }) {
  const kind = describeKind(movement.kind);
  const inward = movement.direction === "in";
  const lane = laneNames.get(movement.lane) ?? movement.lane;
  return (
    <li className={classes["movement"]}>
      <span className={classes["direction"]} data-in={inward || undefined}>
        {inward ? <IconArrowRight size={22} aria-hidden /> : <IconArrowLeft size={22} aria-hidden />}
        {inward ? "In" : "Out"}
      </span>
      <span className={classes["line"]}>
        <strong data-none={movement.plate === null || undefined}>{movement.plate ?? "No plate"}</strong>
        {movement.fee_minor !== null && <b>{money(movement.fee_minor)}</b>}
        <time>{time.moment(Date.parse(movement.at), nowMs)}</time>
      </span>
      <span className={classes["line"]}>
        <span>{movement.ticket_number ?? "no ticket"}</span>
        <span>{lane}</span>
      </span>
      {(kind !== null || movement.review !== null) && (
        <span className={classes["remarks"]}>
          {kind !== null && <span className={classes["kind"]}>{kind}</span>}
          {movement.review !== null && (
            <span className={classes["review"]}>
              <IconFlag3 size={16} aria-hidden />
              {describeReview(movement.review)}
            </span>
          )}
        </span>
      )}
    </li>
  );
}
