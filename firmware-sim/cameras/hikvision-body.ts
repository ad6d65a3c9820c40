import { cameraClock, type Sighting } from "./camera.ts";
import { PICTURE_HEIGHT, PICTURE_WIDTH, type PlatePicture } from "./plate-picture.ts";

/** One part of a multipart body, its headers in the order in which the camera sends them. */
export type Part = {
  readonly name: string;
  readonly contentType: string;
  readonly contentId?: string;
  readonly content: Uint8Array;
};

/** The camera really calls its boundary that. */
const HIKVISION_BOUNDARY = "boundary";
export const HIKVISION_CONTENT_TYPE = `multipart/form-data; boundary=${HIKVISION_BOUNDARY}`;

/** The body of one push: the event as XML, the plate alone, the whole scene. */
export function hikvisionBody(sighting: Sighting, picture: PlatePicture, timeZone: string): Uint8Array {
  const xml = Buffer.from(anprXml(sighting, picture, timeZone), "utf8");
  return multipartBody([
    { name: "anpr.xml", contentType: 'text/xml; charset="UTF-8"', content: xml },
    picturePart("licensePlatePicture", picture.plate),
    picturePart("detectionPicture", picture.scene),
  ]);
}

function picturePart(contentId: string, content: Uint8Array): Part {
  return { name: `${contentId}.jpg`, contentType: "image/pjpeg", contentId, content };
}

/** Joins parts; every part carries its Content-Length, as on the vendor's wire. */
export function multipartBody(parts: readonly Part[]): Uint8Array {
  const chunks = parts.flatMap(({ name, contentType, contentId, content }) => {
    const headers = [
      `--${HIKVISION_BOUNDARY}`,
      `Content-Disposition: form-data; name="${name}"; filename="${name}"`,
      `Content-Type: ${contentType}`,
      `Content-Length: ${content.length}`,
      ...(contentId === undefined ? [] : [`Content-ID: ${contentId}`]),
    ];
    return [Buffer.from(`${headers.join("\r\n")}\r\n\r\n`, "latin1"), content, Buffer.from("\r\n", "latin1")];
  });
  return Buffer.concat([...chunks, Buffer.from(`--${HIKVISION_BOUNDARY}--\r\n`, "latin1")]);
}

/** The event as firmware of ISAPI 2.0 writes it. */
export function anprXml(sighting: Sighting, picture: PlatePicture, timeZone: string): string {
  const { clock, offset } = cameraClock(sighting.seenAtMs, timeZone);
  const absTime = `${clock.replaceAll(/\D/g, "")}${String(sighting.seenAtMs % 1_000).padStart(3, "0")}`;
  const plate = escapeXml(sighting.plate);
  const confidence = Math.round(sighting.confidence * 100);
  const believe = [...sighting.plate].map(() => confidence).join(",");
  const { x, y, width, height } = picture.plateRect;
  return `<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<ipAddress>192.0.2.64</ipAddress>
<portNo>80</portNo>
<protocol>HTTP</protocol>
<macAddress>02:00:5e:00:53:01</macAddress>
<channelID>1</channelID>
<dateTime>${clock.replace(" ", "T")}${offset}</dateTime>
<activePostCount>1</activePostCount>
<eventType>ANPR</eventType>
<eventState>active</eventState>
<eventDescription>ANPR</eventDescription>
<channelName>Camera 01</channelName>
<ANPR>
<licensePlate>${plate}</licensePlate>
<line>1</line>
<direction>forward</direction>
<confidenceLevel>${confidence}</confidenceLevel>
<plateType>unknown</plateType>
<plateColor>unknown</plateColor>
<licenseBright>0</licenseBright>
<plateCharBelieve>${believe}</plateCharBelieve>
<vehicleType>vehicle</vehicleType>
<detectDir>8</detectDir>
<detectType>0</detectType>
<pictureInfoList>
<pictureInfo>
<fileName>licensePlatePicture.jpg</fileName>
<type>licensePlatePicture</type>
<dataType>0</dataType>
<absTime>${absTime}</absTime>
</pictureInfo>
<pictureInfo>
<fileName>detectionPicture.jpg</fileName>
<type>detectionPicture</type>
<dataType>0</dataType>
<absTime>${absTime}</absTime>
<plateRect>
<X>${x}</X>
<Y>${y}</Y>
<width>${width}</width>
<height>${height}</height>
</plateRect>
</pictureInfo>
</pictureInfoList>
<originalLicensePlate>${plate}</originalLicensePlate>
</ANPR>
<UUID>${escapeXml(sighting.eventId)}</UUID>
<picNum>2</picNum>
<monitoringSiteID></monitoringSiteID>
<isDataRetransmission>false</isDataRetransmission>
<detectionBackgroundImageResolution>
<height>${PICTURE_HEIGHT}</height>
<width>${PICTURE_WIDTH}</width>
</detectionBackgroundImageResolution>
</EventNotificationAlert>
`;
}

function escapeXml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
}
