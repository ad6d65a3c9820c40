import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMultipart } from "./multipart.ts";
import { multipartBody, type PushPart } from "./testing/hikvision-pushes.ts";

const TYPE = "multipart/form-data; boundary=boundary";

function textsOf(contentType: string, body: Uint8Array | string): string[] | string {
  const parsed = parseMultipart(contentType, Uint8Array.from(Buffer.from(body)));
  return parsed.ok ? parsed.value.map((part) => Buffer.from(part.body).toString()) : parsed.error;
}

const part = (body: Uint8Array | string, ...headers: string[]): PushPart => ({ headers, body });

describe("multipart", () => {
  it("reads names, file names and media types, however they are written", () => {
    const body = multipartBody([
      part(
        "one",
        'Content-Disposition: form-data; name="anpr.xml"; filename="a \\"b\\".xml"',
        "Content-Type: Text/XML; charset=UTF-8",
      ),
      part("two", "content-disposition:form-data;filename=pic.jpg;name=pic", "content-type:image/pjpeg"),
      part("three"),
    ]);
    const parsed = parseMultipart(TYPE, body);
    expect(
      parsed.ok && parsed.value.map(({ name, fileName, contentType }) => [name, fileName, contentType]),
    ).toEqual([
      ["anpr.xml", 'a "b".xml', "text/xml"],
      ["pic", "pic.jpg", "image/pjpeg"],
      ["", "", ""],
    ]);
  });

  it.each([
    ["unquoted", "multipart/form-data; boundary=b-1"],
    ["quoted", 'multipart/mixed; charset=utf-8; boundary="b-1"'],
    ["in capitals", "Multipart/Form-Data; Boundary=b-1"],
  ])("finds a boundary %s", (_how, contentType) => {
    expect(textsOf(contentType, multipartBody([part("x")], "b-1"))).toEqual(["x"]);
  });

  it("reads empty parts, whether or not a line break follows their headers", () => {
    expect(textsOf(TYPE, "--boundary\r\nA: b\r\n\r\n--boundary\r\nA: b\r\n\r\n\r\n--boundary--")).toEqual([
      "",
      "",
    ]);
  });

  it("needs no preamble, epilogue, last line break, or even last boundary", () => {
    expect(textsOf(TYPE, "preamble\r\n--boundary\r\n\r\none\r\n--boundary--\r\nepilogue")).toEqual(["one"]);
    expect(textsOf(TYPE, "--boundary\r\n\r\none\r\n--boundary--")).toEqual(["one"]);
    expect(textsOf(TYPE, "--boundary\r\n\r\none")).toEqual(["one"]);
  });

  it("takes bare line feeds, and blanks behind a boundary", () => {
    expect(textsOf(TYPE, "--boundary \nA: b\n\none\ntwo\n--boundary--\n")).toEqual(["one\ntwo"]);
  });

  it("leaves alone what only looks like a boundary", () => {
    const content = "--boundary2\r\nx--boundary\r\n--boundar";
    expect(textsOf(TYPE, multipartBody([part(content)]))).toEqual([content]);
  });

  it.each([
    ["not_multipart", "application/json", "{}"],
    ["not_multipart", "", ""],
    ["no_boundary", "multipart/form-data", "--\r\n\r\n"],
    ["no_boundary", `multipart/form-data; boundary=${"x".repeat(71)}`, ""],
    ["no_parts", TYPE, ""],
    ["no_parts", TYPE, "--boundary--\r\n"],
    ["too_many_parts", TYPE, `${"--boundary\r\n\r\nx\r\n".repeat(17)}--boundary--`],
    ["headers_too_long", TYPE, `--boundary\r\nA: ${"x".repeat(5_000)}\r\n\r\n`],
    ["headers_too_long", TYPE, `--boundary\r\n${"A: b\r\n".repeat(1_000)}\r\n`],
  ])("refuses: %s", (error, contentType, body) => {
    expect(textsOf(contentType, body)).toBe(error);
  });

  it("gives back the bytes of any parts that do not contain the boundary", () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 16 });
    fc.assert(
      fc.property(bodies, fc.constantFrom("\r\n", "\n"), (contents, lineBreak) => {
        // With bare line feeds nobody can tell whether a last CR is content.
        fc.pre(lineBreak === "\r\n" || contents.every((content) => content.at(-1) !== 0x0d));
        const body = multipartBody(
          contents.map((content) => part(content, "Content-Type: image/jpeg")),
          "b0undary",
          lineBreak,
        );
        const parsed = parseMultipart("multipart/mixed; boundary=b0undary", body);
        expect(parsed.ok && parsed.value.map((each) => Uint8Array.from(each.body))).toEqual(contents);
      }),
    );
  });

  it("never throws, and never gives more than it was given", () => {
    const pieces = fc.constantFrom(
      "--b",
      "--b--",
      "\r\n",
      "\n",
      "\r",
      ":",
      " ",
      "x",
      "Content-Disposition: form-data; name=",
      '"',
      "\\",
      ";",
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 60 }),
        fc.string(),
        (texts, type) => {
          const body = Uint8Array.from(Buffer.from(texts.join("")));
          for (const contentType of ["multipart/mixed; boundary=b", type, `multipart/x${type}`]) {
            const parsed = parseMultipart(contentType, body);
            const total = parsed.ok ? parsed.value.reduce((sum, each) => sum + each.body.length, 0) : 0;
            expect(total).toBeLessThanOrEqual(body.length);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
