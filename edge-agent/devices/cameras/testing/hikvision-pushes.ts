/** Pushes as Hikvision cameras send them, cut down to what a reader looks at. */

/** Firmware of 2024: ISAPI version 2.0. */
export function anprEvent(
  fields: Readonly<Record<string, string>> = {},
  namespace = "http://www.hikvision.com/ver20/XMLSchema",
) {
  const value = (name: string, otherwise: string): string =>
    `<${name}>${fields[name] ?? otherwise}</${name}>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0"
	xmlns="${namespace}">
	<ipAddress>192.0.2.10</ipAddress>
	<macAddress>00:00:5e:00:53:01</macAddress>
	<channelID>1</channelID>
	${value("dateTime", "2024-01-19T11:17:19+08:00")}
	${value("eventType", "ANPR")}
	<eventState>active</eventState>
	<channelName>Gate A & B</channelName>
	<ANPR>
		<country>3</country>
		${value("licensePlate", "PECT600")}
		<line>2</line>
		${value("direction", "reverse")}
		${value("confidenceLevel", "97")}
		<plateCharBelieve>99,99,99,99,99,99,99</plateCharBelieve>
		<vehicleInfo><index>8050</index><vehileModel>0</vehileModel></vehicleInfo>
		<pictureInfoList><pictureInfo><pId>2024011911172148100XqTd</pId></pictureInfo></pictureInfoList>
		${value("originalLicensePlate", "PECT600")}
	</ANPR>
	${value("UUID", "2024011911172144900FlERIduqg06eKsYuvLX072NugIxaHw22mHG5D5KBmWqX")}
	<picNum>2</picNum>
	<monitoringSiteID></monitoringSiteID>
	${value("isDataRetransmission", "false")}
</EventNotificationAlert>
`;
}

/** Firmware 5.3 to 5.6: another namespace, no id, no retransmission flag. */
export const OLD_ANPR_EVENT = `<EventNotificationAlert version="1.0" xmlns="http://www.std-cgi.com/ver10/XMLSchema">
<channelID>1</channelID>
<dateTime>2020-03-10T09:12:00+01:00</dateTime>
<eventType>ANPR</eventType>
<eventState>active</eventState>
<ANPR>
<licensePlate>EL123AB</licensePlate>
<line>1</line>
<direction>forward</direction>
<confidenceLevel>85</confidenceLevel>
</ANPR>
</EventNotificationAlert>
`;

/** Some recorders prefix every name. */
export const PREFIXED_ANPR_EVENT = `<?xml version="1.0"?>
<ns1:EventNotificationAlert xmlns:ns1="http://www.isapi.org/ver20/XMLSchema"><ns1:eventType>ANPR</ns1:eventType>
<ns1:ANPR><ns1:licensePlate>GKW5KE2</ns1:licensePlate><ns1:direction>unknown</ns1:direction></ns1:ANPR>
</ns1:EventNotificationAlert>`;

export const HEARTBEAT = `<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<channelID>1</channelID><dateTime>2024-01-19T11:17:19+08:00</dateTime><activePostCount>0</activePostCount>
<eventType>videoloss</eventType><eventState>inactive</eventState>
</EventNotificationAlert>`;

/** Not a picture that a program would show, but one by its first bytes; `mark` tells two apart. */
export function jpeg(mark: number, length = 64): Uint8Array {
  return Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, mark, ...new Uint8Array(length).fill(mark), 0xff, 0xd9]);
}

export type PushPart = { readonly headers: readonly string[]; readonly body: Uint8Array | string };

/** A multipart body; an empty part's boundary follows its headers directly, as cameras do it. */
export function multipartBody(
  parts: readonly PushPart[],
  boundary = "boundary",
  lineBreak = "\r\n",
): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const { headers, body } of parts) {
    const head = [`--${boundary}`, ...headers, "", ""].join(lineBreak);
    pieces.push(Buffer.from(head), Buffer.from(body));
    if (body.length > 0) pieces.push(Buffer.from(lineBreak));
  }
  pieces.push(Buffer.from(`--${boundary}--`), Buffer.from(lineBreak));
  return Uint8Array.from(Buffer.concat(pieces));
}

export function xmlPart(xml: string): PushPart {
  const disposition = 'Content-Disposition: form-data; name="anpr.xml"; filename="anpr.xml"';
  return { headers: [disposition, 'Content-Type: text/xml; charset="UTF-8"'], body: xml };
}

export function picturePart(name: string, body: Uint8Array, contentType = "image/pjpeg"): PushPart {
  const disposition = `Content-Disposition: form-data; name="${name}.jpg"; filename="${name}.jpg"`;
  const headers = [
    disposition,
    `Content-Type: ${contentType}`,
    `Content-Length: ${body.length}`,
    `Content-ID: ${name}`,
  ];
  return { headers, body };
}
