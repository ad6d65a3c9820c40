import type { Clock } from "@parkme/shared/domain/clock";
import { gateTopics, type LaneMessage } from "@parkme/shared/protocol/gate-mqtt";
import type { MqttBus } from "../devices/buses/mqtt-bus.ts";
import type { Lane, LaneConfig } from "../lanes/machine/model.ts";

/** Tells the broker what a lane does, when that changes. */
export function createLanePublisher(
  name: string,
  bus: MqttBus,
  facility: string,
  clock: Clock,
): (lane: Lane, config: LaneConfig) => void {
  const topic = gateTopics(facility).laneState(name);
  let told = "";
  let current: string | null = null;
  bus.onLink((connected) => {
    if (connected && current !== null) bus.publish(topic, current, { retain: true });
  });
  return (lane, { wired }) => {
    const { state, plate, display } = lane;
    const inputs = Object.fromEntries([...wired].map((input) => [input, lane.inputs[input]]));
    const key = JSON.stringify([state, plate, display, inputs]);
    if (key === told) return;
    told = key;
    const message: LaneMessage = {
      lane: name,
      state,
      since: new Date(clock.wallMs()).toISOString(),
      plate,
      display,
      inputs,
    };
    current = JSON.stringify(message);
    bus.publish(topic, current, { retain: true });
  };
}
