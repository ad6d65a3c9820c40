import { useEffect, useState } from "react";
import type { TariffView } from "@parkme/shared/protocol/kiosk-desk";
import type { GateApi } from "../gate/api.ts";
import { stepCurve } from "../logic/step-curve.ts";
import type { MoneyText } from "../logic/money-text.ts";
import type { TimeText } from "../logic/time-text.ts";
import classes from "./tariff-card.module.css";

type Props = {
  readonly api: GateApi;
  readonly money: MoneyText;
  readonly time: TimeText;
  readonly nowMs: number;
};

const WIDTH = 480;
const HEIGHT = 120;

/** The tariff in force, what comes next, and what a stay that begins now would cost. */
export function TariffCard({ api, money, time, nowMs }: Props) {
  const [tariff, setTariff] = useState<TariffView | null>(null);
  useEffect(() => {
    let shown = true;
    void api.money.tariff().then((answer) => {
      if (shown && answer.kind === "done") setTariff(answer.value);
    });
    return () => {
      shown = false;
    };
  }, [api]);

  if (tariff === null) return null;
  const { in_force: inForce, coming, refused, preview } = tariff;
  return (
    <section className={classes["card"]} aria-label="Tariff">
      <h4>
        {inForce === null ? "No tariff is in force" : inForce.name}
        {inForce !== null && (
          <small>
            {inForce.id} version {inForce.version}
            {/* The first one is in force from ever. */}
            {Date.parse(inForce.since) > 0 && `, since ${time.moment(Date.parse(inForce.since), nowMs)}`}
          </small>
        )}
      </h4>
      {refused !== null && <p className={classes["refused"]}>A new tariff was refused: {refused}</p>}
      <PriceCurve preview={preview} money={money} />
      {coming.map(({ id, version, from }) => (
        <p key={`${id} ${version}`}>
          {id} version {version} comes into force {time.moment(Date.parse(from), nowMs)}.
        </p>
      ))}
    </section>
  );
}

function PriceCurve({
  preview,
  money,
}: {
  readonly preview: TariffView["preview"];
  readonly money: MoneyText;
}) {
  const curve = stepCurve(preview, WIDTH, HEIGHT);
  if (curve === null) return null;
  const last = preview.at(-1);
  return (
    <figure className={classes["curve"]}>
      <svg
        viewBox={`-4 -24 ${WIDTH + 8} ${HEIGHT + 46}`}
        role="img"
        aria-label={`Price over the length of a stay, up to ${money(last?.total_minor ?? 0)}`}
      >
        {curve.marks.map(({ hours, x }) => (
          <g key={hours}>
            <line className={classes["grid"]} x1={x} x2={x} y1={0} y2={HEIGHT} />
            <text
              x={x}
              y={HEIGHT + 18}
              textAnchor={hours === 0 ? "start" : x > WIDTH - 20 ? "end" : "middle"}
            >
              {hours} h
            </text>
          </g>
        ))}
        <path className={classes["line"]} d={curve.path} />
        <text className={classes["max"]} x={0} y={-9}>
          {money(curve.maxMinor)}
        </text>
      </svg>
      <figcaption>What a stay that begins now costs, by its length</figcaption>
    </figure>
  );
}
