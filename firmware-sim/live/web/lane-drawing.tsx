import type { KeyboardEvent, ReactNode } from "react";
import type { ContactView, LaneLive } from "../contract.ts";
import classes from "./lane-drawing.module.css";
import { VehicleShape } from "./vehicle-shape.tsx";

/** What of the lane is drawn, in metres before and behind the arm; the queue goes on outside. */
const VIEW = { beforeM: 17.5, behindM: 8.5 };
const PX_PER_M = 40;
const WIDTH = (VIEW.beforeM + VIEW.behindM) * PX_PER_M;
const ROAD = { top: 40, height: 112 };
const MIDDLE = ROAD.top + ROAD.height / 2;
const HEIGHT = 180;
const LOOP_HEIGHT = 78;

type Input = ContactView["input"];
const NAMES: Readonly<Partial<Record<Input, string>>> = {
  arming: "Arming",
  safety: "Safety",
  closing: "Closing",
  photocell: "Photocell",
};

type Props = {
  readonly lane: LaneLive;
  readonly jammed: boolean;
  readonly onCover: (input: Input, on: boolean) => void;
  readonly onJam: (on: boolean) => void;
};

/** The lane from above, as it is. The street is always left and the car park right. */
export function LaneDrawing({ lane, jammed, onCover, onJam }: Props) {
  const forward = lane.direction === "entry" ? 1 : -1;
  const x = (metres: number): number =>
    (forward === 1 ? metres + VIEW.beforeM : VIEW.behindM - metres) * PX_PER_M;
  const outside = lane.vehicles.filter(({ front_m: front }) => front < -VIEW.beforeM + 1).length;
  const loops = lane.contacts.filter(({ span, input }) => span !== null && input !== "photocell");
  const beam = lane.contacts.find(({ input }) => input === "photocell");
  return (
    <svg
      className={classes["drawing"]}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="group"
      aria-label={`Lane ${lane.name} from above`}
    >
      <Road x={x} forward={forward} stopLineM={lane.stop_line_m} />
      {loops.map((contact) => (
        <Loop key={contact.input} contact={contact} x={x} onCover={onCover} lane={lane.name} />
      ))}
      {lane.vehicles.map((vehicle) => (
        <VehicleShape
          key={vehicle.plate}
          vehicle={vehicle}
          x={x(vehicle.wrong_way ? vehicle.rear_m : vehicle.front_m)}
          y={MIDDLE}
          forward={vehicle.wrong_way ? -forward : forward}
          pxPerM={PX_PER_M}
        />
      ))}
      {beam !== undefined && <Beam contact={beam} x={x} onCover={onCover} lane={lane.name} />}
      <Arm lane={lane} x={x(0)} forward={forward} jammed={jammed} onJam={onJam} />
      <Sign lines={lane.sign} x={x(lane.stop_line_m - 4.6)} />
      {outside > 0 && (
        <text
          className={classes["outside"]}
          x={x(-VIEW.beforeM + 0.4)}
          y={HEIGHT - 9}
          textAnchor={forward === 1 ? "start" : "end"}
        >
          +{outside} in the queue
        </text>
      )}
    </svg>
  );
}

/** Makes a shape a button for mouse, touch, keyboard and screen reader. */
function buttonProps(label: string, pressed: boolean, onPress: (on: boolean) => void) {
  return {
    role: "button",
    tabIndex: 0,
    "aria-label": label,
    "aria-pressed": pressed,
    onClick: () => onPress(!pressed),
    onKeyDown(event: KeyboardEvent) {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      onPress(!pressed);
    },
  };
}

type Axis = { readonly x: (metres: number) => number };

function Road({ x, forward, stopLineM }: Axis & { readonly forward: number; readonly stopLineM: number }) {
  const chevron = (at: number): ReactNode => (
    <path
      className={classes["chevron"]}
      d={`M${x(at) - 10 * forward} ${MIDDLE - 22} l${20 * forward} 22 l${-20 * forward} 22`}
    />
  );
  return (
    <g aria-hidden>
      <rect className={classes["verge"]} width={WIDTH} height={HEIGHT} rx="12" />
      <rect className={classes["asphalt"]} y={ROAD.top} width={WIDTH} height={ROAD.height} />
      <path
        className={classes["edge"]}
        d={`M0 ${ROAD.top + 6} H${WIDTH} M0 ${ROAD.top + ROAD.height - 6} H${WIDTH}`}
      />
      <path className={classes["stopLine"]} d={`M${x(stopLineM)} ${ROAD.top + 12} v${ROAD.height - 24}`} />
      {chevron(-15.5)}
      {chevron(-14.6)}
      {chevron(6.3)}
      {chevron(7.2)}
      <text className={classes["place"]} x="14" y="28">
        Street
      </text>
      <text className={classes["place"]} x={WIDTH - 14} y="28" textAnchor="end">
        Car park
      </text>
    </g>
  );
}

type ContactProps = Axis & {
  readonly contact: ContactView;
  readonly lane: string;
  readonly onCover: (input: Input, on: boolean) => void;
};

function Loop({ contact, lane, x, onCover }: ContactProps) {
  const { input, span, on, covered, stuck } = contact;
  if (span === null) return null;
  const [left = 0, right = 0] = [x(span.from_m), x(span.to_m)].toSorted((a, b) => a - b);
  const [top, bottom] = [MIDDLE - LOOP_HEIGHT / 2, MIDDLE + LOOP_HEIGHT / 2];
  const cut = 10;
  return (
    <g
      className={classes["loop"]}
      data-on={on || undefined}
      data-stuck={stuck ?? undefined}
      {...buttonProps(`Cover the ${input} loop of ${lane}`, covered, (is) => onCover(input, is))}
    >
      <path
        d={`M${left + cut} ${top} H${right - cut} L${right} ${top + cut} V${bottom - cut} L${right - cut} ${bottom} H${left + cut} L${left} ${bottom - cut} V${top + cut} Z`}
      />
      {covered && (
        <rect
          className={classes["plank"]}
          x={left + 6}
          y={bottom - 26}
          width={right - left - 12}
          height="16"
          rx="3"
        />
      )}
      <text x={(left + right) / 2} y={HEIGHT - 9} textAnchor="middle" aria-hidden>
        {NAMES[input]}
        {stuck !== null && ` (stuck ${stuck})`}
      </text>
    </g>
  );
}

function Beam({ contact, lane, x, onCover }: ContactProps) {
  const at = x(0.35);
  return (
    <g
      className={classes["beam"]}
      data-on={contact.on || undefined}
      {...buttonProps(`Cover the photocell of ${lane}`, contact.covered, (is) => onCover("photocell", is))}
    >
      <path d={`M${at} ${ROAD.top - 2} V${ROAD.top + ROAD.height + 2}`} />
      <rect x={at - 6} y={ROAD.top - 12} width="12" height="12" rx="2" />
      <rect x={at - 6} y={ROAD.top + ROAD.height} width="12" height="12" rx="2" />
    </g>
  );
}

type ArmProps = {
  readonly lane: LaneLive;
  readonly x: number;
  readonly forward: number;
  readonly jammed: boolean;
  readonly onJam: (on: boolean) => void;
};

/** Drawn as if the arm swung aside: from above, one that is up would be a dot. Its lamps follow its limit switches. */
function Arm({ lane, x, forward, jammed, onJam }: ArmProps) {
  const { position, motion } = lane.arm;
  const light = position === 1 ? "go" : motion === "still" ? "stop" : "moves";
  return (
    <g
      className={classes["barrier"]}
      transform={`translate(${x} ${ROAD.top - 14})`}
      data-jammed={jammed || undefined}
      {...buttonProps(`Jam the arm of ${lane.name}`, jammed, onJam)}
    >
      <g className={classes["arm"]} style={{ transform: `rotate(${-90 * position * forward}deg)` }}>
        <rect x="-5" y="0" width="10" height="122" rx="5" />
        {[22, 52, 82].map((y) => (
          <path key={y} d={`M-5 ${y} h10 v17 h-10 Z`} />
        ))}
      </g>
      <rect className={classes["cabinet"]} x="-19" y="-19" width="38" height="34" rx="8" />
      <circle
        className={classes["lamp"]}
        data-lit={light === "stop" || undefined}
        data-lamp="stop"
        cx="-8"
        cy="-2"
        r="6"
      />
      <circle
        className={classes["lamp"]}
        data-lit={light === "go" || undefined}
        data-lamp="go"
        cx="8"
        cy="-2"
        r="6"
      />
    </g>
  );
}

const SIGN = { width: 208, height: 40 };

/** The display by the lane: what the driver reads. */
function Sign({ lines, x }: { readonly lines: readonly string[]; readonly x: number }) {
  if (lines.length === 0) return null;
  const shown = lines.slice(0, 2);
  return (
    <g className={classes["sign"]} transform={`translate(${x - SIGN.width / 2} 1)`}>
      <rect width={SIGN.width} height={SIGN.height} rx="6" />
      {shown.map((line, index) => (
        <text
          key={index}
          x={SIGN.width / 2}
          y={shown.length === 1 ? 25 : 17 + index * 16}
          textAnchor="middle"
        >
          {line}
        </text>
      ))}
    </g>
  );
}
