/** Something that must not have happened. */
export type Violation = {
  /** Which rule it breaks: a name that stays. */
  readonly rule: RuleName;
  /** The step at which it was found, or happened. */
  readonly step: number;
  readonly atMs: number;
  readonly lane: string | null;
  readonly visit: number | null;
  /** One sentence for a person, with the numbers. */
  readonly message: string;
};

export const RULE_NAMES = [
  "no-arm-on-a-vehicle",
  "one-opening-one-passage",
  "passages-recorded",
  "nobody-trapped",
  "count",
  "prices",
  "whose-stay",
  "cash",
  "cards",
  "books-balance",
  "edge-equals-cloud",
  "cloud-answers",
  "capacity",
  "commands",
  "tickets",
] as const;
export type RuleName = (typeof RULE_NAMES)[number];
