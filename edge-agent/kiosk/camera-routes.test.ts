import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAX_PUSH_BYTES } from "../devices/cameras/push-receiver.ts";
import { until } from "../devices/testing/until.ts";
import { CAMERA_KEY, pushBody, startKiosk, type Kiosk } from "./testing/kiosk.ts";

let kiosk: Kiosk;
beforeEach(async () => {
  kiosk = await startKiosk();
});
afterEach(() => kiosk.stop());

const PATH = `/cameras/exit-cam/${CAMERA_KEY}`;

async function push(path: string, body: Uint8Array, contentType: string) {
  const response = await fetch(new URL(path, kiosk.url), {
    method: "POST",
    headers: { "content-type": contentType },
    body: new Uint8Array(body),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const count = (name: string): number => kiosk.counts.get(name) ?? 0;
const lastPlate = () => kiosk.gate.lanes.get("exit")?.lastRead()?.plate ?? null;

/** Posts in pieces without saying how long it will be; resolves with the status, or null when it was cut off. */
function pour(path: string, pieces: number, piece: Buffer): Promise<number | null> {
  return new Promise((resolve) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: kiosk.port,
        path,
        method: "POST",
        headers: { "content-type": "text/plain" },
      },
      (incoming) => {
        incoming.resume();
        resolve(incoming.statusCode ?? null);
        outgoing.destroy();
      },
    );
    outgoing.on("error", () => resolve(null));
    let left = pieces;
    const more = (): void => {
      while (left > 0) {
        left -= 1;
        if (!outgoing.write(piece)) return void outgoing.once("drain", more);
      }
      outgoing.end();
    };
    more();
  });
}

describe("a camera's push", () => {
  it("is answered 200 when it is stored, with its picture", async () => {
    const { body, contentType } = pushBody("b-ab 1234");
    expect(await push(PATH, body, contentType)).toMatchObject({ status: 200, text: "ok" });
    expect(lastPlate()).toBe("BAB1234");
    expect(kiosk.store.wasRead("exit-cam", "uuid-1")).toBe(true);
    const image = kiosk.gate.lanes.get("exit")?.lastRead()?.imageId ?? "";
    expect(kiosk.pictures.pathOf(image)).toContain(image);
    expect(kiosk.counts.size).toBe(0);
  });

  it("that comes again is one read, and 200 again", async () => {
    const { body, contentType } = pushBody("BAB1234");
    await push(PATH, body, contentType);
    const first = kiosk.gate.lanes.get("exit")?.lastRead();
    expect((await push(PATH, body, contentType)).status).toBe(200);
    expect(kiosk.gate.lanes.get("exit")?.lastRead()).toBe(first);
  });

  it("is understood as bare XML, and heartbeats are no reads", async () => {
    const xml = Buffer.from(
      "<EventNotificationAlert><eventType>videoloss</eventType><eventState>inactive</eventState></EventNotificationAlert>",
    );
    expect((await push(PATH, xml, "application/xml")).status).toBe(200);
    expect(lastPlate()).toBeNull();
  });

  it("is 404 for whoever does not know the key, whether there is such a camera or not", async () => {
    const { body, contentType } = pushBody("BAB1234");
    const answers = await Promise.all(
      [
        "/cameras/exit-cam/wrong",
        `/cameras/nobody/${CAMERA_KEY}`,
        "/cameras/nobody/wrong",
        // A camera, but not one that pushes.
        `/cameras/entry-cam/${CAMERA_KEY}`,
        `/cameras/__proto__/${CAMERA_KEY}`,
        `${PATH}x`,
        PATH.toUpperCase().replace("/CAMERAS/EXIT-CAM", "/cameras/exit-cam"),
      ].map((path) => push(path, body, contentType)),
    );
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 404, text: "not found" });
      expect([...answer.headers.keys()].toSorted()).toEqual(
        [...(answers[0]?.headers.keys() ?? [])].toSorted(),
      );
    }
    expect(count("camera_push_unknown")).toBe(7);
    expect(lastPlate()).toBeNull();
    expect((await push("/cameras/exit-cam/", body, contentType)).status).toBe(404);
  });

  it.each([
    ["nothing", "multipart/form-data; boundary=boundary", Buffer.alloc(0)],
    ["noise", "multipart/form-data; boundary=boundary", randomBytes(5_000)],
    ["a text", "text/plain", Buffer.from("hello")],
    ["no type", "", Buffer.from("hello")],
    ["half an event", "application/xml", Buffer.from("<EventNotificationAlert><ANPR><licensePlate>BAB12")],
    ["another document", "application/xml", Buffer.from("<html><body>no</body></html>")],
    ["an endless nest", "application/xml", Buffer.from("<a>".repeat(10_000))],
  ])("of %s is answered 400, counted and logged", async (_what, contentType, body) => {
    const answer = await push(PATH, body, contentType);
    expect(answer.status).toBe(400);
    expect(answer.text).not.toBe("");
    const counted = [...kiosk.counts].filter(([name]) => name.startsWith("camera_push_"));
    expect(counted).toEqual([[expect.any(String), 1]]);
    expect(kiosk.logged).toEqual([
      expect.objectContaining({ level: "warn", fields: expect.objectContaining({ camera: "exit-cam" }) }),
    ]);
    expect(JSON.stringify(kiosk.logged)).not.toContain(CAMERA_KEY);
    expect(lastPlate()).toBeNull();
  });

  it("cut short at any place is never half a plate", async () => {
    const { body, contentType } = pushBody("BAB1234");
    for (let length = 0; length < body.length; length += 17) {
      const { status } = await push(PATH, body.subarray(0, length), contentType);
      expect([200, 400]).toContain(status);
      expect([null, "BAB1234"]).toContain(lastPlate());
    }
  });

  it("of more than 8 MiB is answered 413 and counted, whether it says so or not", async () => {
    const said = await push(PATH, new Uint8Array(MAX_PUSH_BYTES + 1), "image/jpeg");
    expect(said.status).toBe(413);
    expect(await pour(PATH, 9, Buffer.alloc(1024 * 1024))).toBe(413);
    expect(count("camera_push_too_large")).toBe(2);
    expect((await push(PATH, new Uint8Array(MAX_PUSH_BYTES), "image/jpeg")).status).toBe(400);
  });

  it("without the key is not taken into memory", async () => {
    expect(await pour("/cameras/exit-cam/wrong", 9, Buffer.alloc(1024 * 1024))).toBe(404);
    expect(count("camera_push_too_large")).toBe(0);
  });

  it("that cannot be stored is answered 503, as the camera may send it again", async () => {
    kiosk.store.close();
    const { body, contentType } = pushBody("BAB1234");
    const answer = await push(PATH, body, contentType);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(JSON.stringify(kiosk.logged)).not.toContain(CAMERA_KEY);
  });

  it("that hangs up in the middle harms nobody", async () => {
    const socket = connect(kiosk.port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 5000\r\n\r\n<Event`,
    );
    let closed = false;
    socket.once("close", () => (closed = true));
    socket.end();
    socket.resume();
    await until(() => closed, "the connection to close");
    const { body, contentType } = pushBody("BAB1234");
    expect((await push(PATH, body, contentType)).status).toBe(200);
    expect(lastPlate()).toBe("BAB1234");
  });

  it("is a POST", async () => {
    for (const method of ["GET", "PUT", "DELETE"])
      expect((await fetch(new URL(PATH, kiosk.url), { method })).status).toBe(404);
  });
});
