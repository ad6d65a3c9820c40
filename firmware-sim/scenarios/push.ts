import { hikvisionBody } from "../cameras/hikvision-body.ts";
import { startHikvisionCamera } from "../cameras/hikvision-camera.ts";
import { renderPlatePicture } from "../cameras/plate-picture.ts";
import { cameraClock } from "../cameras/camera.ts";
import { paintedPlate } from "../traffic/plates.ts";
import { createRandom } from "../traffic/random.ts";

/** One push of a camera that speaks the vendor's way; `claimedMs` is what its own clock says. The HTTP status. */
export async function pushPlate(
  url: string,
  camera: string,
  key: string,
  { plate, claimedMs }: { readonly plate: string; readonly claimedMs: number },
): Promise<number | null> {
  const timeZone = "Europe/Berlin";
  const random = createRandom(plate);
  const sender = startHikvisionCamera({
    name: camera,
    url: `${url}/cameras/${camera}/${key}`,
    random,
    timeoutMs: 30_000,
  });
  const { clock } = cameraClock(claimedMs, timeZone);
  const vehicle = { plate: paintedPlate(plate, "D"), kind: "car", colour: "blue" } as const;
  const picture = await renderPlatePicture(vehicle, { camera, clock, random });
  const sighting = { eventId: `${camera}-${claimedMs}`, plate, confidence: 0.99, seenAtMs: claimedMs };
  const status = await sender.post(hikvisionBody(sighting, picture, timeZone));
  await sender.stop();
  return status;
}
