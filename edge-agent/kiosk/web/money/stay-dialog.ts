import type { Offers, StayView } from "@parkme/shared/protocol/kiosk-desk";
import type { MoneyContext } from "./context.ts";

/** What is asked about a stay, one at a time. */
export type StayDialog =
  | "cash"
  | "upi"
  | "account"
  | "validation"
  | "identify"
  | "lost"
  | "print"
  | "entry_time"
  | "vehicle"
  | "penalty"
  | "write_off"
  | "debt"
  | "collect"
  | "void";

export type StayDialogProps = MoneyContext & {
  readonly stay: StayView;
  readonly offers: Offers;
  readonly dialog: StayDialog | null;
  readonly onClose: () => void;
  readonly refresh: () => void;
  /** What an action answered. */
  readonly show: (stay: StayView) => void;
};
