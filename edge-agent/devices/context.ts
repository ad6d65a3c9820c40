import type { Clock } from "@parkme/shared/domain/clock";
import type { MqttBus } from "./buses/mqtt-bus.ts";

/** What a driver needs of a logger; a pino logger is one. */
export type DeviceLog = {
  readonly debug: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
  readonly warn: (fields: object, message: string) => void;
};

/** Counts one occurrence of something worth a metric, such as `mqtt_board_bad_message`. */
export type Count = (name: string) => void;

/** What every driver is given beside its own section of the configuration. */
export type DeviceContext = {
  readonly bus: MqttBus;
  /** Slug of the facility: the second level of every topic. */
  readonly facility: string;
  /** Start counter of the agent; boards drop commands with a lower one than they have seen. */
  readonly epoch: number;
  readonly clock: Clock;
  readonly log: DeviceLog;
  readonly count: Count;
};
