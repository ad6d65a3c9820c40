import type { Clock } from "@parkme/shared/domain/clock";
import type { MqttBus } from "./buses/mqtt-bus.ts";
import type { RequestBuses } from "./buses/request-bus.ts";
import type { Count, DeviceLog } from "./log.ts";

/** What every driver is given beside its own section of the configuration. */
export type DeviceContext = {
  readonly bus: MqttBus;
  /** Half-duplex lines that devices share, by address. */
  readonly lines: RequestBuses;
  /** Slug of the facility: the second level of every topic. */
  readonly facility: string;
  /** Start counter of the agent; boards drop commands with a lower one than they have seen. */
  readonly epoch: number;
  readonly clock: Clock;
  /** The text of a secret's file as the configuration names it, without the white space around it; throws when it cannot be read. */
  readonly secret: (path: string) => string;
  readonly log: DeviceLog;
  readonly count: Count;
};
