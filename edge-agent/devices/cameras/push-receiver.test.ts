import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PlateRead } from "../ports.ts";
import { receivePush } from "./push-receiver.ts";
import {
  anprEvent,
  HEARTBEAT,
  jpeg,
  multipartBody,
  OLD_ANPR_EVENT,
  picturePart,
  PREFIXED_ANPR_EVENT,
  type PushPart,
  xmlPart,
} from "./testing/hikvision-pushes.ts";

const TYPE = "multipart/form-data; boundary=boundary";
const utf8 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

function push(parts: readonly PushPart[]) {
  return receivePush("entry-cam", TYPE, multipartBody(parts));
}

/** The read in a push that must hold one. */
function readOf(xml: string, ...pictures: PushPart[]): PlateRead {
  const received = push([xmlPart(xml), ...pictures]);
  if (!received.ok || received.value === "ignored") throw new Error(`no read: ${JSON.stringify(received)}`);
  return received.value;
}

describe("a push of a Hikvision camera", () => {
  it("is one plate read, with the scene's picture", () => {
    const scene = jpeg(2, 500);
    const read = readOf(
      anprEvent(),
      picturePart("licensePlatePicture", jpeg(1)),
      picturePart("detectionPicture", scene),
    );
    expect(read).toEqual({
      camera: "entry-cam",
      sourceId: "2024011911172144900FlERIduqg06eKsYuvLX072NugIxaHw22mHG5D5KBmWqX",
      raw: "PECT600",
      plate: "PECT600",
      confidence: 0.97,
      direction: "away",
      claimedAtMs: Date.UTC(2024, 0, 19, 3, 17, 19),
      image: scene,
    });
  });

  it("may come from old firmware, without id and pictures", () => {
    expect(readOf(OLD_ANPR_EVENT)).toEqual({
      camera: "entry-cam",
      sourceId: null,
      raw: "EL123AB",
      plate: "EL123AB",
      confidence: 0.85,
      direction: "towards",
      claimedAtMs: Date.UTC(2020, 2, 10, 8, 12),
      image: null,
    });
  });

  it("may prefix its names, say little, and come in mixed parts or none at all", () => {
    const expected = { plate: "GKW5KE2", confidence: null, direction: "unknown", claimedAtMs: null };
    expect(readOf(PREFIXED_ANPR_EVENT)).toMatchObject(expected);
    for (const contentType of ["application/xml", "text/xml; charset=UTF-8", "Application/XML"]) {
      const bare = receivePush("entry-cam", contentType, utf8(`\uFEFF${PREFIXED_ANPR_EVENT}\r\n\0`));
      expect(bare).toMatchObject({ ok: true, value: expected });
    }
    const mixed = multipartBody([{ headers: [], body: PREFIXED_ANPR_EVENT }], "MIME_boundary");
    const received = receivePush("entry-cam", 'multipart/mixed; boundary="MIME_boundary"', mixed);
    expect(received).toMatchObject({ ok: true, value: expected });
  });

  it("is about a vehicle without a plate when the camera read none", () => {
    const unread = { licensePlate: "unknown", originalLicensePlate: "" };
    expect(readOf(anprEvent(unread))).toMatchObject({ raw: "unknown", plate: null });
    expect(readOf(anprEvent({ ...unread, originalLicensePlate: "b-ab 12" }))).toMatchObject({
      raw: "b-ab 12",
      plate: "BAB12",
    });
    expect(readOf(anprEvent({ licensePlate: "", originalLicensePlate: "unknown" }))).toMatchObject({
      raw: "",
      plate: null,
    });
  });

  it.each([
    ["0", 0],
    ["100", 1],
    ["101", null],
    ["-", null],
    ["", null],
    ["9.5", null],
  ])("states the confidence %j as %j", (confidenceLevel, confidence) => {
    expect(readOf(anprEvent({ confidenceLevel })).confidence).toBe(confidence);
  });

  it("has a time only when it says in which zone", () => {
    expect(readOf(anprEvent({ dateTime: "2024-01-19T11:17:19" })).claimedAtMs).toBeNull();
    expect(readOf(anprEvent({ dateTime: "yesterday+08:00" })).claimedAtMs).toBeNull();
    expect(readOf(anprEvent({ dateTime: "2024-01-19T03:17:19Z" })).claimedAtMs).toBe(
      Date.UTC(2024, 0, 19, 3, 17, 19),
    );
  });

  it("shows pictures by their bytes: mislabelled ones count, empty and false ones do not", () => {
    const plate = jpeg(1);
    const octets = picturePart("detectionPicture", plate, "application/octet-stream");
    expect(readOf(anprEvent(), octets).image).toEqual(plate);
    const empty = picturePart("detectionPicture", new Uint8Array());
    const text = picturePart("detectionPicture", utf8("<html>no picture</html>"));
    expect(readOf(anprEvent(), empty, picturePart("licensePlatePicture", plate), text).image).toEqual(plate);
    expect(readOf(anprEvent(), empty).image).toBeNull();
  });

  it("does not keep the whole push in memory for its picture", () => {
    const { image } = readOf(anprEvent(), picturePart("detectionPicture", jpeg(1)));
    expect(image?.buffer.byteLength).toBe(image?.byteLength);
  });

  it("is ignored when it is a heartbeat, another event, or a memory from before an outage", () => {
    const ignored = { ok: true, value: "ignored" };
    expect(push([xmlPart(HEARTBEAT)])).toEqual(ignored);
    expect(
      push([xmlPart(HEARTBEAT.replace("videoloss", "VMD")), picturePart("detectionPicture", jpeg(1))]),
    ).toEqual(ignored);
    expect(push([xmlPart(anprEvent({ isDataRetransmission: "true" }))])).toEqual(ignored);
  });

  it.each<[string, readonly PushPart[]]>([
    ["no_event", [picturePart("detectionPicture", jpeg(1))]],
    ["no_event", [xmlPart("")]],
    ["malformed_event", [xmlPart("no markup at all")]],
    ["malformed_event", [xmlPart("<html><body>hello</body></html>")]],
    ["malformed_event", [xmlPart(anprEvent().slice(0, 600))]],
    ["malformed_event", [xmlPart(OLD_ANPR_EVENT.replace("</EventNotificationAlert>", ""))]],
    ["malformed_event", [xmlPart(anprEvent({ licensePlate: "A</licensePlate><licensePlate>B" }))]],
    [
      "malformed_event",
      [xmlPart(`<EventNotificationAlert><eventType>ANPR</eventType></EventNotificationAlert>`)],
    ],
    ["malformed_event", [xmlPart(`${"<a>".repeat(50)}${"</a>".repeat(50)}`)]],
    ["event_too_long", [xmlPart(`<a>${"x".repeat(300_000)}</a>`)]],
  ])("is refused: %s", (code, parts) => {
    expect(push(parts)).toMatchObject({ ok: false, error: { code, blame: "device" } });
  });

  it("expands no entities", () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "AAAAAAAAAA"><!ENTITY b "&a;&a;&a;">]>`;
    const xml = OLD_ANPR_EVENT.replace("<Event", `${bomb}<Event`).replace("EL123AB", "&b;");
    expect(readOf(xml)).toMatchObject({ raw: "&b;", plate: null });
  });

  it("never throws, whatever arrives", () => {
    const tags = fc.constantFrom(
      "<ANPR>",
      "</ANPR>",
      "<licensePlate>",
      "<![CDATA[",
      "]]>",
      "<!--",
      "<?",
      "&#x0;",
      "<!DOCTYPE ",
      "xmlns:a=",
      "__proto__",
      "</",
    );
    const mutated = fc.tuple(
      fc.nat(900),
      fc.nat(40),
      fc.oneof(tags, fc.string({ unit: "binary", maxLength: 10 })),
    );
    fc.assert(
      fc.property(fc.array(mutated, { maxLength: 4 }), (mutations) => {
        let xml = anprEvent();
        for (const [at, removed, inserted] of mutations)
          xml = xml.slice(0, at) + inserted + xml.slice(at + removed);
        const received = receivePush("entry-cam", "application/xml", utf8(xml));
        expect(typeof received.ok).toBe("boolean");
      }),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ maxLength: 300 }), (contentType, body) => {
        expect(typeof receivePush("entry-cam", contentType, body).ok).toBe("boolean");
      }),
    );
  });
});
