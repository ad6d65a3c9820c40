import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { normalisePlate } from "@parkme/shared/domain/plate";
import { gateTopics, plateMessageSchema } from "@parkme/shared/protocol/gate-mqtt";
import { Aedes } from "aedes";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Vehicle } from "../traffic/demand.ts";
import { paintedPlate } from "../traffic/plates.ts";
import { createRandom } from "../traffic/random.ts";
import { connectMqtt, endMqtt } from "../transports/mqtt-client.ts";
import { cameraClock, MAX_PUSHES, sight } from "./camera.ts";
import { anprXml, hikvisionBody, multipartBody } from "./hikvision-body.ts";
import { startHikvisionCamera, type HikvisionCameraOptions } from "./hikvision-camera.ts";
import { startMqttCamera } from "./mqtt-camera.ts";
import { PICTURE_HEIGHT, PICTURE_WIDTH, renderPlatePicture } from "./plate-picture.ts";

const WITHIN = { timeout: 10_000, interval: 5 };
const CAR: Vehicle = { plate: paintedPlate("HH PK 4821", "D"), kind: "car", colour: "blue" };
const NOON_MS = Date.UTC(2026, 4, 1, 12, 22, 7, 45);
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function picture(vehicle = CAR, clock = "2026-05-01 14:22:07") {
  return renderPlatePicture(vehicle, { camera: "entry-cam", clock, random: createRandom("picture") });
}

/** Width and height from a JPEG's frame header; null for what is no JPEG. */
function jpegSize(jpeg: Uint8Array): { width: number; height: number } | null {
  const bytes = Buffer.from(jpeg);
  if (bytes.readUInt16BE(0) !== 0xffd8 || bytes.readUInt16BE(bytes.length - 2) !== 0xffd9) return null;
  let at = 2;
  while (at < bytes.length) {
    const marker = bytes.readUInt16BE(at);
    if (marker === 0xffc0 || marker === 0xffc2) {
      return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    }
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return null;
}

describe("a picture", () => {
  it("is a JPEG of the scene and one of the plate in it", async () => {
    const { scene, plate, plateRect } = await picture();
    expect(jpegSize(scene)).toEqual({ width: PICTURE_WIDTH, height: PICTURE_HEIGHT });
    const cut = jpegSize(plate);
    expect(cut?.width).toBeGreaterThan(plateRect.width);
    expect(plateRect.x).toBeGreaterThan(0);
    expect(plateRect.x + plateRect.width).toBeLessThan(PICTURE_WIDTH);
    expect(plateRect.y + plateRect.height).toBeLessThan(PICTURE_HEIGHT);
    expect(scene.length).toBeGreaterThan(30_000);
    expect(scene.length).toBeLessThan(300_000);
  });

  it("shows the plate, the paint and the time of day", async () => {
    const [one, otherPlate, otherPaint, atNight] = await Promise.all([
      picture(),
      picture({ ...CAR, plate: paintedPlate("HH PK 4822", "D") }),
      picture({ ...CAR, colour: "red" }),
      picture(CAR, "2026-05-01 23:22:07"),
    ]);
    const same = await picture();
    expect(Buffer.from(same.scene).equals(Buffer.from(one.scene))).toBe(true);
    for (const other of [otherPlate, otherPaint, atNight]) {
      expect(Buffer.from(other.scene).equals(Buffer.from(one.scene))).toBe(false);
    }
    expect(Buffer.from(otherPlate.plate).equals(Buffer.from(one.plate))).toBe(false);
  });

  it.each(["car", "van", "motorcycle"] as const)("knows what a %s looks like", async (kind) => {
    const { plateRect } = await picture({ ...CAR, kind });
    expect(plateRect.width).toBeGreaterThan(100);
  });
});

describe("a camera's clock", () => {
  it.each([
    ["UTC", NOON_MS, "2026-05-01 12:22:07", "+00:00"],
    ["Europe/Berlin", NOON_MS, "2026-05-01 14:22:07", "+02:00"],
    ["Europe/Berlin", Date.UTC(2026, 0, 1, 12), "2026-01-01 13:00:00", "+01:00"],
    ["America/St_Johns", NOON_MS, "2026-05-01 09:52:07", "-02:30"],
    ["Asia/Kolkata", NOON_MS, "2026-05-01 17:52:07", "+05:30"],
  ])("in %s reads %s as %s%s", (zone, ms, clock, offset) => {
    expect(cameraClock(ms, zone)).toEqual({ clock, offset });
  });
});

describe("a sighting", () => {
  it("reads what is there, and is less sure of what it misreads", () => {
    const random = createRandom("sighting");
    const right = sight(CAR, {}, random, NOON_MS);
    expect(right.plate).toBe("HHPK4821");
    expect(right.confidence).toBeGreaterThanOrEqual(0.9);
    expect(right.eventId).toHaveLength(64);
    const wrong = sight(CAR, { misreadChance: 1 }, random, NOON_MS);
    expect(wrong.plate).not.toBe("HHPK4821");
    expect(wrong.confidence).toBeLessThan(0.9);
    expect(wrong.eventId).not.toBe(right.eventId);
  });
});

type ReadPart = { headers: string[]; content: Buffer };

/** An independent reading of a multipart body: by boundary and Content-Length, nothing else. */
function readMultipart(body: Uint8Array): ReadPart[] {
  const bytes = Buffer.from(body);
  const parts: ReadPart[] = [];
  let at = 0;
  for (;;) {
    if (bytes.toString("latin1", at, at + 14) === "--boundary--\r\n") break;
    const end = bytes.indexOf("\r\n\r\n", at);
    const [boundary, ...headers] = bytes.toString("latin1", at, end).split("\r\n");
    expect(boundary).toBe("--boundary");
    const length = Number(headers.find((header) => header.startsWith("Content-Length: "))?.slice(16));
    parts.push({ headers, content: bytes.subarray(end + 4, end + 4 + length) });
    at = end + 4 + length;
    expect(bytes.toString("latin1", at, at + 2)).toBe("\r\n");
    at += 2;
  }
  expect(at + 14).toBe(bytes.length);
  return parts;
}

describe("the vendor's body", () => {
  const sighting = { eventId: "20260501ABC", plate: "HHPK4821", confidence: 0.97, seenAtMs: NOON_MS };

  it("has its parts and their headers in the vendor's order", async () => {
    const shot = await picture();
    const parts = readMultipart(hikvisionBody(sighting, shot, "Europe/Berlin"));
    expect(
      parts.map(({ headers }) => headers.filter((header) => !header.startsWith("Content-Length"))),
    ).toEqual([
      [
        'Content-Disposition: form-data; name="anpr.xml"; filename="anpr.xml"',
        'Content-Type: text/xml; charset="UTF-8"',
      ],
      [
        'Content-Disposition: form-data; name="licensePlatePicture.jpg"; filename="licensePlatePicture.jpg"',
        "Content-Type: image/pjpeg",
        "Content-ID: licensePlatePicture",
      ],
      [
        'Content-Disposition: form-data; name="detectionPicture.jpg"; filename="detectionPicture.jpg"',
        "Content-Type: image/pjpeg",
        "Content-ID: detectionPicture",
      ],
    ]);
    expect(parts[1]?.headers.map((header) => header.split(":")[0])).toEqual([
      "Content-Disposition",
      "Content-Type",
      "Content-Length",
      "Content-ID",
    ]);
    expect(jpegSize(parts[1]?.content ?? Buffer.alloc(2))).not.toBeNull();
    expect(parts[2]?.content.equals(Buffer.from(shot.scene))).toBe(true);
  });

  it("says in XML what the camera saw", async () => {
    const xml = anprXml(sighting, await picture(), "Europe/Berlin");
    for (const line of [
      '<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">',
      "<dateTime>2026-05-01T14:22:07+02:00</dateTime>",
      "<licensePlate>HHPK4821</licensePlate>",
      "<originalLicensePlate>HHPK4821</originalLicensePlate>",
      "<confidenceLevel>97</confidenceLevel>",
      "<plateCharBelieve>97,97,97,97,97,97,97,97</plateCharBelieve>",
      "<direction>forward</direction>",
      "<absTime>20260501142207045</absTime>",
      "<UUID>20260501ABC</UUID>",
      "<isDataRetransmission>false</isDataRetransmission>",
    ]) {
      expect(xml.split("\n")).toContain(line);
    }
    const opened = [...xml.matchAll(/<([A-Za-z]+)[ >]/g)].map(([, name]) => name);
    const closed = [...xml.matchAll(/<\/([A-Za-z]+)>/g)].map(([, name]) => name);
    expect(new Set(closed)).toEqual(new Set(opened));
    expect(closed).toHaveLength(opened.length);
  });

  it("escapes what a plate must not do to XML", async () => {
    const xml = anprXml({ ...sighting, plate: `<&>"'` }, await picture(), "UTC");
    expect(xml).toContain("<licensePlate>&lt;&amp;&gt;&quot;&apos;</licensePlate>");
  });

  it("joins parts without content, too", () => {
    const [part] = readMultipart(
      multipartBody([{ name: "empty.jpg", contentType: "image/jpeg", content: Buffer.alloc(0) }]),
    );
    expect(part?.content).toHaveLength(0);
  });
});

type Push = { headers: IncomingHttpHeaders; body: Buffer; url: string | undefined; connection: object };

/** A receiver that answers with `reply`, or keeps silent when it is null. */
async function receiver(reply: (response: ServerResponse) => void): Promise<{ url: string; pushes: Push[] }> {
  const pushes: Push[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { headers, url, socket } = request;
      pushes.push({ headers, url, body: Buffer.concat(chunks), connection: socket });
      reply(response);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  stops.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/cameras/entry-cam/key`, pushes };
}

function hikvision(url: string, more: Partial<HikvisionCameraOptions> = {}) {
  const camera = startHikvisionCamera({ name: "entry-cam", url, random: createRandom("hikvision"), ...more });
  stops.push(camera.stop);
  return camera;
}

const uuidOf = ({ body }: Push) => /<UUID>(.*)<\/UUID>/.exec(body.toString("latin1"))?.[1];

describe("a Hikvision camera", () => {
  it("pushes what it sees, on one connection", async () => {
    const { url, pushes } = await receiver((response) => response.writeHead(200).end());
    const camera = hikvision(url);
    const seen = [await camera.see(CAR), await camera.see(CAR)];
    expect(camera.counts()).toEqual({ pushed: 2, failed: 0 });
    expect(pushes.map(uuidOf)).toEqual(seen.map(({ eventId }) => eventId));
    expect(pushes[0]?.url).toBe("/cameras/entry-cam/key");
    expect(pushes[0]?.headers["content-type"]).toBe("multipart/form-data; boundary=boundary");
    expect(pushes[0]?.headers["content-length"]).toBe(String(pushes[0]?.body.length));
    expect(readMultipart(pushes[0]?.body ?? Buffer.alloc(0))).toHaveLength(3);
    expect(pushes[0]?.connection).toBe(pushes[1]?.connection);
  });

  it("pushes once and forgets: a refusal, a cut and a silence are counted", async () => {
    const refusing = await receiver((response) => response.writeHead(503).end());
    const cutting = await receiver((response) => response.destroy());
    const silent = await receiver(() => {});
    for (const { url, pushes } of [refusing, cutting, silent]) {
      const camera = hikvision(url, { timeoutMs: 1_500 });
      await camera.see(CAR);
      expect(camera.counts()).toEqual({ pushed: 0, failed: 1 });
      expect(pushes).toHaveLength(1);
    }
    const nobody = hikvision("http://127.0.0.1:9/cameras/a/b");
    await nobody.see(CAR);
    expect(nobody.counts()).toEqual({ pushed: 0, failed: 1 });
  });

  it("repeats an event under the same id when it has that habit", async () => {
    const { url, pushes } = await receiver((response) => response.writeHead(200).end());
    const camera = hikvision(url, { habits: { repeatChance: 1 } });
    const { eventId } = await camera.see(CAR);
    await vi.waitUntil(() => pushes.length === 2, WITHIN);
    expect(pushes.map(uuidOf)).toEqual([eventId, eventId]);
    expect(pushes[0]?.body.equals(pushes[1]?.body ?? Buffer.alloc(0))).toBe(true);
  });

  it("loses what it cannot get rid of", async () => {
    const held: ServerResponse[] = [];
    const { url } = await receiver((response) => held.push(response));
    const camera = hikvision(url);
    const sightings = Array.from({ length: MAX_PUSHES + 3 }, () => camera.see(CAR));
    await vi.waitUntil(() => camera.counts().failed === 3, WITHIN);
    const answering = setInterval(
      () => held.splice(0).forEach((response) => response.writeHead(200).end()),
      5,
    );
    await Promise.all(sightings).finally(() => clearInterval(answering));
    expect(camera.counts()).toEqual({ pushed: MAX_PUSHES, failed: 3 });
  });

  it("gives the status of any body it is told to push", async () => {
    const { url } = await receiver((response) => response.writeHead(400).end());
    expect(await hikvision(url).post(Buffer.from("rubbish"), "text/plain")).toBe(400);
  });
});

describe("a camera on MQTT", () => {
  it("publishes what it sees, repeats under the same id, and drops what nobody can take", async () => {
    const broker = await Aedes.createBroker();
    const server = createTcpServer({ noDelay: true }, broker.handle);
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
    stops.push(
      () => server.close(),
      () => new Promise<void>((resolve) => broker.close(resolve)),
    );
    const agent = connectMqtt({ url }, {});
    stops.push(() => endMqtt(agent));
    const heard: { text: string; retain: boolean }[] = [];
    agent.on("message", (_topic, payload, { retain }) => heard.push({ text: payload.toString(), retain }));
    await agent.subscribeAsync(gateTopics("demo").cameraPlate("exit-cam"), { qos: 1 });

    const camera = startMqttCamera({
      mqtt: { url },
      facility: "demo",
      name: "exit-cam",
      random: createRandom("mqtt"),
      habits: { repeatChance: 1 },
    });
    stops.push(camera.stop);
    await vi.waitUntil(() => camera.connected(), WITHIN);
    const { eventId } = await camera.see(CAR);
    await vi.waitUntil(() => heard.length === 2, WITHIN);
    const messages = heard.map(({ text }) => plateMessageSchema.parse(JSON.parse(text)));
    expect(messages.map(({ event_id }) => event_id)).toEqual([eventId, eventId]);
    expect(normalisePlate(messages[0]?.plate ?? "")).toBe("HHPK4821");
    expect(messages[0]).toMatchObject({ direction: "towards", captured_at: expect.stringMatching(/Z$/) });
    expect(heard.some(({ retain }) => retain)).toBe(false);
    await camera.stop();
    expect(await camera.publish({ event_id: "late", plate: "X1" })).toBe(false);
  });
});
