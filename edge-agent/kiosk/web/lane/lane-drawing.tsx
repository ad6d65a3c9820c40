import { useEffect, useId, useReducer, type CSSProperties, type ReactNode } from "react";
import type { LaneDirection } from "@parkme/shared/domain/lane";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import {
  advanceTracks,
  ARM_AT,
  ARM_WORDS,
  armView,
  describeDrawing,
  LENGTH,
  LOOPS,
  vehiclesOn,
  type ArmView,
  type InputView,
  type Loop,
  type Track,
  type Vehicle,
} from "./drawing-model.ts";
import classes from "./lane-drawing.module.css";

const HEIGHT = 222;
const ROAD = { top: 44, height: 132 };
const MIDDLE = ROAD.top + ROAD.height / 2;
const BASELINE = 211;
const LOOP_HEIGHT = 84;
const LOOP_NAMES: Record<Loop, string> = { arming: "Arming", safety: "Safety", closing: "Closing" };

/** The street is always left and the car park right, so an exit lane is the mirror of an entry lane. */
function across(direction: LaneDirection, at: number): number {
  return direction === "entry" ? at : LENGTH - at;
}

/** The lane from above: loops, barrier arm and vehicle as the gate's inputs report them. */
export function LaneDrawing({ lane }: { readonly lane: LaneView }) {
  const { inputs, direction } = lane;
  const arm = armView(lane.state, inputs);
  const hatch = useId();
  const tracks = useTracks(inputs);
  const x = (at: number): number => across(direction, at);
  const forward = direction === "entry" ? 1 : -1;
  return (
    <svg
      className={classes["drawing"]}
      viewBox={`0 0 ${LENGTH} ${HEIGHT}`}
      role="img"
      aria-label={describeDrawing(arm, inputs)}
      style={{ "--forward": forward } as CSSProperties}
    >
      <defs>
        <pattern
          id={hatch}
          width="12"
          height="12"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <rect width="5" height="12" className={classes["hatch"]} />
        </pattern>
      </defs>
      <Road x={x} forward={forward} />
      {(["arming", "safety", "closing"] as const).map((loop) => (
        <LoopShape key={loop} loop={loop} x={x(LOOPS[loop].at)} value={inputs[loop]} hatch={hatch} />
      ))}
      {tracks.map((track) => (
        <VehicleShape key={track.id} track={track} x={x(track.at)} forward={forward} />
      ))}
      <Beam x={x(ARM_AT - 26)} value={inputs.photocell} />
      <Arm x={x(ARM_AT)} forward={forward} view={arm} />
    </svg>
  );
}

function useTracks(inputs: LaneView["inputs"]): readonly Track[] {
  const { arming, safety, closing } = inputs;
  const [tracks, advance] = useReducer(advanceTracks, []);
  useEffect(() => {
    const now: readonly Vehicle[] = vehiclesOn({ ...NO_OTHER_INPUTS, arming, safety, closing });
    advance(now);
  }, [arming, safety, closing]);
  return tracks;
}

const NO_OTHER_INPUTS = { photocell: "absent", open_limit: "absent", closed_limit: "absent" } as const;

function Road({ x, forward }: { readonly x: (at: number) => number; readonly forward: number }) {
  const chevron = (at: number): ReactNode => (
    <path
      className={classes["chevron"]}
      d={`M${x(at) - 11 * forward} ${MIDDLE - 24} l${22 * forward} 24 l${-22 * forward} 24`}
    />
  );
  return (
    <g>
      <rect className={classes["verge"]} width={LENGTH} height={ROAD.top + ROAD.height + 8} rx="14" />
      <rect className={classes["asphalt"]} y={ROAD.top} width={LENGTH} height={ROAD.height} />
      <path
        className={classes["edge"]}
        d={`M0 ${ROAD.top + 7} H${LENGTH} M0 ${ROAD.top + ROAD.height - 7} H${LENGTH}`}
      />
      {chevron(40)}
      {chevron(66)}
      {chevron(660)}
      {chevron(686)}
      <text className={classes["place"]} x="12" y="30">
        Street
      </text>
      <text className={classes["place"]} x={LENGTH - 12} y="30" textAnchor="end">
        Car park
      </text>
    </g>
  );
}

type LoopProps = {
  readonly loop: Loop;
  readonly x: number;
  readonly value: InputView;
  readonly hatch: string;
};

function LoopShape({ loop, x, value, hatch }: LoopProps) {
  if (value === "absent") return null;
  const { length } = LOOPS[loop];
  const [left, right] = [x - length / 2, x + length / 2];
  const [top, bottom] = [MIDDLE - LOOP_HEIGHT / 2, MIDDLE + LOOP_HEIGHT / 2];
  const cut = 14;
  return (
    <g className={classes["loop"]} data-value={value}>
      <path
        d={`M${left + cut} ${top} H${right - cut} L${right} ${top + cut} V${bottom - cut} L${right - cut} ${bottom} H${left + cut} L${left} ${bottom - cut} V${top + cut} Z`}
        {...(value === "unknown" ? { fill: `url(#${hatch})` } : {})}
      />
      <text x={x} y={BASELINE} textAnchor="middle">
        {LOOP_NAMES[loop]}
        {value === "unknown" && " ?"}
      </text>
    </g>
  );
}

/** The photocell's beam, drawn only where one is fitted. */
function Beam({ x, value }: { readonly x: number; readonly value: InputView }) {
  if (value === "absent") return null;
  return (
    <g className={classes["beam"]} data-value={value}>
      <path d={`M${x} ${ROAD.top - 2} V${ROAD.top + ROAD.height + 2}`} />
      <rect x={x - 5} y={ROAD.top - 10} width="10" height="10" rx="2" />
      <rect x={x - 5} y={ROAD.top + ROAD.height} width="10" height="10" rx="2" />
    </g>
  );
}

type ArmProps = { readonly x: number; readonly forward: number; readonly view: ArmView };

/** Drawn as if the arm swung aside: from above, one that is up would be a dot. */
function Arm({ x, forward, view }: ArmProps) {
  const pivot = ROAD.top - 18;
  return (
    <g transform={`translate(${x} ${pivot})`}>
      <g className={classes["arm"]} data-view={view}>
        <rect x="-6" y="0" width="12" height="150" rx="6" />
        {[30, 66, 102].map((y) => (
          <path key={y} d={`M-6 ${y} h12 v18 h-12 Z`} />
        ))}
      </g>
      <rect className={classes["cabinet"]} x="-17" y="-17" width="34" height="34" rx="8" />
      <circle className={classes["lamp"]} data-view={view} r="8" />
      <text
        className={classes["position"]}
        x={-42 * forward}
        y="7"
        textAnchor={forward === 1 ? "end" : "start"}
      >
        {ARM_WORDS[view]}
      </text>
    </g>
  );
}

const CAR = { length: 158, width: 74 };
const LONG = 470;

type VehicleProps = { readonly track: Track; readonly x: number; readonly forward: number };

function VehicleShape({ track, x, forward }: VehicleProps) {
  const length = track.long ? LONG : CAR.length;
  const [rear, front, half] = [-length / 2, length / 2, CAR.width / 2];
  return (
    <g className={classes["vehicle"]} style={{ transform: `translate(${x}px, ${MIDDLE}px)` }}>
      <g className={classes["fade"]} data-gone={track.gone ?? undefined}>
        <g transform={`scale(${forward} 1)`}>
          <rect
            className={classes["shadow"]}
            x={rear + 4}
            y={-half + 6}
            width={length}
            height={CAR.width}
            rx="22"
          />
          <rect className={classes["carBody"]} x={rear} y={-half} width={length} height={CAR.width} rx="22" />
          <path className={classes["glass"]} d={`M${front - 52} -29 q22 29 0 58 l-20 -7 q9 -22 0 -44 Z`} />
          <path className={classes["glass"]} d={`M${rear + 18} -26 q-9 26 0 52 l16 -6 q-6 -20 0 -40 Z`} />
          <path
            className={classes["seam"]}
            d={`M${rear + 40} -30 H${front - 76} M${rear + 40} 30 H${front - 76}`}
          />
          <path
            className={classes["light"]}
            d={`M${front - 12} -30 q8 4 9 14 M${front - 12} 30 q8 -4 9 -14`}
          />
        </g>
      </g>
    </g>
  );
}
