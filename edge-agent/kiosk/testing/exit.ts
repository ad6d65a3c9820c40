import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { StayId } from "@parkme/shared/domain/ids";
import type { LaneState } from "@parkme/shared/domain/lane";
import { until } from "../../devices/testing/until.ts";
import { CAMERA_KEY, pushBody, type Kiosk } from "./kiosk.ts";

/** What happens at the gate's exit while an attendant looks on. */

function exitState(kiosk: Kiosk): LaneState | undefined {
  return kiosk.gate.lanes.get("exit")?.runner.lane().state;
}

/** The board answers: nobody is there and the arm is closed. */
export async function exitAtRest(kiosk: Kiosk): Promise<void> {
  kiosk.report("exit-board", false, false, true);
  await until(() => exitState(kiosk) === "IDLE", "the lane to be proven");
}

/** A vehicle with an open stay stands at the exit and is asked to pay 12.00 EUR. Returns its stay's id. */
export async function payingVehicle(kiosk: Kiosk, plate = "BAB1234"): Promise<StayId> {
  const stayId = kiosk.addStay(plate);
  kiosk.report("exit-board", false, false, true);
  kiosk.report("exit-board", true, false, true);
  await until(() => exitState(kiosk) === "ARMED", "the lane to arm");
  const { contentType, body } = pushBody(plate, randomUUID());
  const pushed = await fetch(new URL(`/cameras/exit-cam/${CAMERA_KEY}`, kiosk.url), {
    method: "POST",
    headers: { "content-type": contentType },
    body: new Uint8Array(body),
  });
  expect(pushed.status).toBe(200);
  await until(() => exitState(kiosk) === "PAYING", "the lane to ask for money");
  return stayId;
}

/** What the exit board was told to do. */
export function openings(kiosk: Kiosk): Kiosk["bus"]["published"] {
  return kiosk.bus.published.filter(
    ({ topic, document }) => topic.endsWith("/exit-board/cmd") && document["action"] === "open",
  );
}
