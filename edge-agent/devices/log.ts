/** What a driver needs of a logger; a pino logger is one. */
export type DeviceLog = {
  readonly debug: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
  readonly warn: (fields: object, message: string) => void;
};

/** Counts one occurrence of something worth a metric, such as `mqtt_board_bad_message`. */
export type Count = (name: string) => void;
