import type { BarrierAction } from "@parkme/shared/domain/lane";
import { later, type DeviceParts } from "./parts.ts";

const ACTIONS = ["open", "close", "stop"] as const;

/** The three relays of a barrier: one pulls at a time, and lets go by itself. */
export class Relays {
  private pulling: BarrierAction | null = null;
  private cancel: () => void = () => undefined;
  private readonly parts: Pick<DeviceParts, "time">;
  private readonly contact: (action: BarrierAction, on: boolean) => void;
  private readonly changed: () => void;

  constructor(
    parts: Pick<DeviceParts, "time">,
    contact: (action: BarrierAction, on: boolean) => void,
    changed: () => void,
  ) {
    [this.parts, this.contact, this.changed] = [parts, contact, changed];
  }

  /** Break before make. */
  pulse(action: BarrierAction, pulseMs: number): void {
    this.fallOff();
    this.pulling = action;
    this.contact(action, true);
    this.changed();
    this.cancel = later(this.parts, pulseMs, () => {
      this.fallOff();
      this.changed();
    });
  }

  fallOff(): void {
    this.cancel();
    if (this.pulling !== null) this.contact(this.pulling, false);
    this.pulling = null;
  }

  readBack(): Record<string, boolean> {
    return Object.fromEntries(ACTIONS.map((action) => [`${action}1`, this.pulling === action]));
  }
}
