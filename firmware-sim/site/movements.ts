import { asCurrency, formatDecimal, money } from "@parkme/shared/domain/money";
import type { KioskSnapshot, MovementView } from "@parkme/shared/protocol/kiosk";
import { createKioskClient } from "../attendant/kiosk-client.ts";
import type { SignIn } from "./plan.ts";

export type WatchOptions = {
  readonly url: string;
  readonly signIn: SignIn;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

/** Movements remembered as told: more than a snapshot holds, so that none is told twice. */
const MAX_TOLD = 200;

/** One line per movement that the agent records, as an attendant's page sees it. Ends with the signal. */
export function watchMovements({ url, signIn, say, signal }: WatchOptions): Promise<void> {
  const client = createKioskClient({ url, name: signIn.name, pin: signIn.secret, signal });
  let told: string[] | null = null;
  return client.follow((snapshot) => {
    const fresh = snapshot.movements.filter((movement) => told?.includes(movement.movement_id) === false);
    for (const movement of fresh.toReversed()) say(movementLine(movement, snapshot));
    // What was there before the watch began is history, and not told.
    const ids = (told === null ? snapshot.movements : fresh).map((movement) => movement.movement_id);
    told = [...ids, ...(told ?? [])].slice(0, MAX_TOLD);
  });
}

/** `14:03:07  in   entry   B MK 4821     PKM-9X2ABC1Z                  inside 12/120`. */
function movementLine(movement: MovementView, { facility, inside, cloud }: KioskSnapshot): string {
  const time = new Date(movement.at).toLocaleTimeString("en-GB", { timeZone: facility.time_zone });
  const fee =
    movement.fee_minor === null
      ? ""
      : `${formatDecimal(money(movement.fee_minor, asCurrency(facility.currency)))} ${facility.currency}`;
  const columns = [
    time,
    movement.direction.padEnd(3),
    movement.lane.padEnd(6),
    (movement.plate ?? "no plate").padEnd(10),
    (movement.ticket_number ?? "").padEnd(12),
    fee.padStart(10),
    `inside ${inside}/${facility.capacity}`,
  ];
  const kind = movement.kind === "normal" ? "" : `  (${movement.kind})`;
  const waiting =
    cloud === null || cloud.connected ? "" : `  cloud away, ${cloud.pending_events} events waiting`;
  return `  ${columns.join("  ")}${kind}${waiting}`;
}
