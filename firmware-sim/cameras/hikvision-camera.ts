import { Agent, request } from "node:http";
import type { Random } from "../traffic/random.ts";
import { cameraClock, createOutbox, sight, type Camera, type CameraHabits } from "./camera.ts";
import { HIKVISION_CONTENT_TYPE, hikvisionBody } from "./hikvision-body.ts";
import { renderPlatePicture } from "./plate-picture.ts";

export type HikvisionCameraOptions = {
  readonly name: string;
  /** Where to push, key and all: `http://<agent>/cameras/<camera>/<key>`. */
  readonly url: string;
  readonly random: Random;
  readonly habits?: CameraHabits;
  /** The zone of the camera's calendar clock; UTC without it. */
  readonly timeZone?: string;
  readonly timeoutMs?: number;
};

export type HikvisionCamera = Camera & {
  /** Pushes any body and gives the HTTP status, or null when no answer came in time. */
  readonly post: (body: Uint8Array, contentType?: string) => Promise<number | null>;
};

const TIMEOUT_MS = 5_000;
/** Shorter than a server's usual 5 s, so that no push is sent into a connection that is being closed. */
const IDLE_MS = 4_000;

/** A camera that pushes the vendor's multipart events over HTTP, on a connection kept alive. */
export function startHikvisionCamera(options: HikvisionCameraOptions): HikvisionCamera {
  const { name, url, random, habits = {}, timeZone = "UTC", timeoutMs = TIMEOUT_MS } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 2, timeout: IDLE_MS });
  const outbox = createOutbox(habits, random.fork("repeats"));

  function post(body: Uint8Array, contentType = HIKVISION_CONTENT_TYPE): Promise<number | null> {
    return new Promise((resolve) => {
      const headers = { "Content-Type": contentType, "Content-Length": body.length };
      const signal = AbortSignal.timeout(timeoutMs);
      const pushing = request(url, { method: "POST", agent, headers, signal }, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode ?? null));
        response.on("error", () => resolve(null));
      });
      pushing.on("error", () => resolve(null));
      pushing.end(body);
    });
  }

  return {
    name,
    post,
    async see(vehicle) {
      const sighting = sight(vehicle, habits, random, Date.now());
      const { clock } = cameraClock(sighting.seenAtMs, timeZone);
      const picture = await renderPlatePicture(vehicle, { camera: name, clock, random });
      const body = hikvisionBody(sighting, picture, timeZone);
      await outbox.push(async () => (await post(body)) === 200);
      return sighting;
    },
    counts: outbox.counts,
    async stop() {
      outbox.stop();
      agent.destroy();
    },
  };
}
