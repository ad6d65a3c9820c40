/** What people at a lane can reach: its devices from the outside. */
export type Hands = {
  readonly camera: { readonly see: (plate: string | null, confidence: number) => void } | null;
  /** The ticket button; let go of by itself. */
  readonly button: { readonly press: () => void } | null;
  readonly printer: {
    /** The ticket that it holds out; null = none. `code` is the text of its QR code. */
    readonly ticket: () => { readonly number: string; readonly code: string } | null;
    readonly take: () => void;
  } | null;
  readonly scanner: { readonly show: (text: string) => void } | null;
  readonly terminal: {
    /** What it asks a card for; null = nothing. */
    readonly waiting: () => { readonly attemptId: string; readonly amountMinor: number } | null;
    readonly present: (card: "good" | "bad") => void;
    /** What its own journal has of a charge that was not undone; null = none. */
    readonly journal: (attemptId: string) => { readonly receipt: string } | null;
  } | null;
  readonly display: () => string;
};

/** What people at a lane see of it, and the vehicles that they drive. */
export type Sight = {
  /** Who stands at the line and is the next to go; null = nobody. */
  readonly atLine: (lane: string) => { readonly visit: number; readonly sinceMs: number } | null;
  readonly isOpen: (lane: string) => boolean;
  /** Nothing stands under the arm or right behind it. */
  readonly isClear: (lane: string) => boolean;
  /** Turns round, if nobody stands behind. */
  readonly giveUp: (visit: number) => void;
};
