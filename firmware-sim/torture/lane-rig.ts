import { randomUUID } from "node:crypto";
import { startMqttBoard } from "../boards/mqtt-board.ts";
import { startMqttCamera } from "../cameras/mqtt-camera.ts";
import type { Random } from "../traffic/random.ts";

/** What stands at one lane: a board with its loops, an arm that swings in no time, and a camera. */
export type LaneRig = {
  readonly isUp: () => boolean;
  readonly isDown: () => boolean;
  readonly covered: (loop: Loop) => boolean;
  readonly cover: (loop: Loop, on: boolean) => void;
  /** The camera reads a plate. @returns whether the broker has it. */
  readonly show: (plate: string) => Promise<boolean>;
  /** How often the arm came down on a vehicle. */
  readonly armHits: () => number;
  readonly stop: () => Promise<void>;
};

export type Loop = "arming" | "safety" | "closing";

export type LaneRigOptions = {
  readonly name: string;
  readonly mqttUrl: string;
  readonly facility: string;
  readonly random: Random;
};

/** How the lanes are wired. */
export const INPUTS = {
  arming: "in1",
  safety: "in2",
  closing: "in3",
  open_limit: "in4",
  closed_limit: "in5",
} as const;

const SWING_MS = 50;

export function openLaneRig({ name, mqttUrl, facility, random }: LaneRigOptions): LaneRig {
  const common = { mqtt: { url: mqttUrl }, facility };
  let armHits = 0;
  let swing: NodeJS.Timeout | undefined;
  const { board, stop: stopBoard } = startMqttBoard({
    ...common,
    name: `${name}-board`,
    onBarrierRelay: (_number, action, on) => {
      if (on && action !== "stop") move(action === "open");
    },
  });
  const camera = startMqttCamera({ ...common, name: `${name}-cam`, random });
  board.setInput(INPUTS.closed_limit, true);

  function move(up: boolean): void {
    if (!up && isOn("safety")) armHits += 1;
    clearTimeout(swing);
    board.setInput(up ? INPUTS.closed_limit : INPUTS.open_limit, false);
    swing = setTimeout(() => board.setInput(up ? INPUTS.open_limit : INPUTS.closed_limit, true), SWING_MS);
  }
  const isOn = (input: keyof typeof INPUTS): boolean => board.inputs()[INPUTS[input]] === true;

  return {
    isUp: () => isOn("open_limit"),
    isDown: () => isOn("closed_limit"),
    covered: isOn,
    cover: (loop, on) => board.setInput(INPUTS[loop], on),
    show: async (plate) => {
      const captured_at = new Date().toISOString();
      return await camera.publish({
        event_id: randomUUID(),
        plate,
        confidence: 0.99,
        captured_at,
        direction: "towards",
      });
    },
    armHits: () => armHits,
    stop: async () => {
      clearTimeout(swing);
      await Promise.all([stopBoard(), camera.stop()]);
    },
  };
}
