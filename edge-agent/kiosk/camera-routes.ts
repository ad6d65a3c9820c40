import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { MAX_PUSH_BYTES } from "../devices/cameras/push-receiver.ts";
import type { PlateRead } from "../devices/ports.ts";
import type { PushCamera } from "../devices/registry/cameras.ts";

export type CameraRouteOptions = {
  readonly gate: {
    readonly pushCameras: ReadonlyMap<string, PushCamera>;
    readonly read: (read: PlateRead) => boolean;
  };
  /** The key in the address that a camera pushes to. */
  readonly cameraKeys: ReadonlyMap<string, string>;
  readonly log: {
    readonly info: (fields: object, message: string) => void;
    readonly warn: (fields: object, message: string) => void;
    readonly error: (fields: object, message: string) => void;
  };
  readonly count: (name: string) => void;
};

type Env = { Variables: { camera: PushCamera } };

/**
 * `POST /cameras/{camera}/{key}`: what cameras push. They push once and forget, so 200 means stored. Whoever does
 * not know the key learns nothing, not even whether the camera exists.
 */
export function cameraRoutes({ gate, cameraKeys, log, count }: CameraRouteOptions): Hono<Env> {
  const routes = new Hono<Env>();
  const tooLarge = bodyLimit({
    maxSize: MAX_PUSH_BYTES,
    onError: (c) => {
      count("camera_push_too_large");
      return c.text("too large", 413);
    },
  });
  // The key first: nobody else makes the agent hold a body in memory.
  routes.use("/:camera/:key", async (c, next) => {
    const name = c.req.param("camera");
    const camera = gate.pushCameras.get(name);
    if (camera === undefined || !sameKey(c.req.param("key"), cameraKeys.get(name) ?? "")) {
      count("camera_push_unknown");
      return c.text("not found", 404);
    }
    c.set("camera", camera);
    return await next();
  });
  routes.post("/:camera/:key", tooLarge, async (c) => {
    const camera = c.get("camera");
    const body = new Uint8Array(await c.req.arrayBuffer());
    const received = camera.receive(c.req.header("content-type") ?? "", body);
    if (!received.ok) {
      count(`camera_push_${received.error.code}`);
      log.warn(
        { camera: camera.name, code: received.error.code, bytes: body.byteLength },
        received.error.message,
      );
      return c.text(received.error.message, 400);
    }
    if (received.value !== "ignored" && !gate.read(received.value)) return c.text("not stored", 503);
    return c.text("ok", 200);
  });
  return routes;
}

function sameKey(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return expected !== "" && timingSafeEqual(digest(given), digest(expected));
}
