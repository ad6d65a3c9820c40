import type { LaneLive } from "../contract.ts";
import classes from "./vehicle-shape.module.css";

type Vehicle = LaneLive["vehicles"][number];

/** From above; how wide, and how long its trailer is, in metres. */
const SHAPES: Record<Vehicle["kind"], { readonly widthM: number; readonly trailerM?: number }> = {
  car: { widthM: 1.8 },
  van: { widthM: 2 },
  motorcycle: { widthM: 0.8 },
  scooter: { widthM: 0.7 },
  truck: { widthM: 2.4 },
  high_truck: { widthM: 2.5 },
  car_with_trailer: { widthM: 1.8, trailerM: 3.5 },
};
const DRAWBAR_M = 0.8;
const CAB_M = 1.9;
/** How long a plate is painted, whatever the vehicle. */
const PLATE = { widthPerLetter: 11.5, height: 24 };
/** Nothing but the plate would be seen of a vehicle that is narrower: it is painted beside it. */
const NARROW_M = 1;

type Props = {
  readonly vehicle: Vehicle;
  /** Of its front bumper. */
  readonly x: number;
  readonly y: number;
  /** 1 = drives to the right. */
  readonly forward: number;
  readonly pxPerM: number;
};

export function VehicleShape({ vehicle, x, y, forward, pxPerM }: Props) {
  const { kind, colour, plate } = vehicle;
  const { widthM, trailerM = 0 } = SHAPES[kind];
  const lengthPx = (vehicle.front_m - vehicle.rear_m) * pxPerM;
  const trailerPx = trailerM * pxPerM;
  const bodyPx = trailerM === 0 ? lengthPx : lengthPx - trailerPx - DRAWBAR_M * pxPerM;
  const half = (widthM * pxPerM) / 2;
  return (
    <g
      className={classes["vehicle"]}
      data-colour={colour}
      style={{ transform: `translate(${x}px, ${y}px)` }}
      role="img"
      aria-label={`${plate}, ${vehicle.phase}`}
    >
      <g transform={`scale(${forward} 1)`}>
        {trailerM > 0 && (
          <>
            <path className={classes["drawbar"]} d={`M${-bodyPx} 0 H${-lengthPx + trailerPx}`} />
            <rect
              className={classes["body"]}
              x={-lengthPx}
              y={-half}
              width={trailerPx}
              height={half * 2}
              rx="6"
            />
          </>
        )}
        <Body kind={kind} lengthPx={bodyPx} half={half} cabPx={CAB_M * pxPerM} />
      </g>
      <g transform={`translate(${(-forward * bodyPx) / 2} ${widthM < NARROW_M ? half + 14 : 0})`}>
        <rect
          className={classes["plate"]}
          x={(-plate.length * PLATE.widthPerLetter) / 2 - 6}
          y={-PLATE.height / 2}
          width={plate.length * PLATE.widthPerLetter + 12}
          height={PLATE.height}
          rx="4"
        />
        <text textAnchor="middle" y="6">
          {plate}
        </text>
      </g>
    </g>
  );
}

type BodyProps = {
  readonly kind: Vehicle["kind"];
  readonly lengthPx: number;
  readonly half: number;
  readonly cabPx: number;
};

/** The front bumper is at 0, and the vehicle drives to the right. */
function Body(props: BodyProps) {
  switch (props.kind) {
    case "motorcycle":
    case "scooter":
      return <TwoWheels {...props} />;
    case "truck":
    case "high_truck":
      return <Truck {...props} />;
    case "car":
    case "van":
    case "car_with_trailer":
      return <Car {...props} />;
    default:
      return props.kind satisfies never;
  }
}

function TwoWheels({ lengthPx, half }: BodyProps) {
  return (
    <>
      <rect className={classes["body"]} x={-lengthPx} y={-half * 0.5} width={lengthPx} height={half} rx="8" />
      <path className={classes["seam"]} d={`M${-lengthPx * 0.3} ${-half} V${half}`} />
      <circle className={classes["glass"]} cx={-lengthPx * 0.55} cy="0" r={half * 0.55} />
    </>
  );
}

function Truck({ lengthPx, half, cabPx }: BodyProps) {
  return (
    <>
      <rect
        className={classes["bed"]}
        x={-lengthPx}
        y={-half}
        width={lengthPx - cabPx - 6}
        height={half * 2}
        rx="4"
      />
      <rect className={classes["body"]} x={-cabPx} y={-half + 2} width={cabPx} height={half * 2 - 4} rx="9" />
      <path
        className={classes["glass"]}
        d={`M-16 ${-half + 9} q9 ${half - 9} 0 ${2 * half - 18} h-12 V${-half + 9} Z`}
      />
    </>
  );
}

function Car({ kind, lengthPx, half }: BodyProps) {
  const bonnet = kind === "van" ? 14 : 40;
  const inset = half - 9;
  return (
    <>
      <rect className={classes["body"]} x={-lengthPx} y={-half} width={lengthPx} height={half * 2} rx="15" />
      <path
        className={classes["glass"]}
        d={`M${-bonnet} ${-inset} q14 ${inset} 0 ${inset * 2} l-15 -6 q7 ${-inset + 6} 0 ${-2 * inset + 12} Z`}
      />
      <path
        className={classes["glass"]}
        d={`M${-lengthPx + 14} ${-inset + 3} q-7 ${inset - 3} 0 ${inset * 2 - 6} l12 -5 q-5 ${-inset + 8} 0 ${-2 * inset + 16} Z`}
      />
      <path className={classes["light"]} d={`M-9 ${-half + 6} q6 3 7 10 M-9 ${half - 6} q6 -3 7 -10`} />
    </>
  );
}
