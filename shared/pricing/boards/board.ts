/** The rates of a real facility as its board shows them, and stays that were priced from it by hand. */
export type Board = {
  readonly facility: string;
  /** Where the board can be read, and when these rates were in force. */
  readonly source: string;
  readonly inForce: string;
  /** The tariff document written from it, beside this file. */
  readonly document: string;
  readonly currency: string;
  readonly timeZone: string;
  readonly stays: readonly PricedStay[];
};

export type PricedStay = {
  /** What is special about it. */
  readonly name: string;
  /** ISO 8601 with the offset in force in the zone, so that no zone database has a part in the expectation. */
  readonly entry: string;
  readonly exit: string;
  readonly total: string;
  readonly rule: string;
};
