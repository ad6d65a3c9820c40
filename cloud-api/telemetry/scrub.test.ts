import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scrub, scrubError, scrubStatement, scrubText } from "./scrub.ts";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";

describe("texts", () => {
  it.each([
    `token ${JWT} was over`,
    `Authorization: Bearer ${JWT}`,
    "a key pmk_abcDEF-123_xyz was used",
    "sk_live_51H8abcdef was refused",
    "whsec_abcdefgh12345678",
    "pi_3N8secret_secret_9f8a7b6c5d",
    "postgres://parkme:hunter22@db.example/parkme",
    "Basic cGFya21lOmh1bnRlcjIy",
    "paid by 4242 4242 4242 4242",
    "paid by 4242424242424242",
  ])("lose what is secret by its form: %s", (text) => {
    const scrubbed = scrubText(text);
    expect(scrubbed).toContain("[hidden]");
    for (const secret of [JWT, "abcDEF-123_xyz", "51H8abcdef", "abcdefgh12345678", "9f8a7b6c5d", "hunter22"])
      expect(scrubbed).not.toContain(secret);
    expect(scrubbed).not.toMatch(/4242/);
  });

  it.each([
    "request 0192a000-0000-7000-8000-000000000001 took 12 ms",
    "listening on http://127.0.0.1:8080/",
    "the order order_9A33XWu170gUtm was paid",
    "1763871234568 ms",
  ])("keep what is none: %s", (text) => {
    expect(scrubText(text)).toBe(text);
  });
});

describe("fields", () => {
  it("lose what their names say is secret or personal, at any depth", () => {
    const secret = fc.string({ minLength: 12, maxLength: 20, unit: fc.constantFrom("q", "w", "z", "7") });
    const name = fc.constantFrom(
      ..."authorization Cookie set-cookie password new_password refresh access access_token client_secret plate".split(
        " ",
      ),
      ..."plates licensePlate email phone first_name params recovery_codes".split(" "),
    );
    fc.assert(
      fc.property(
        secret,
        name,
        fc.array(fc.constantFrom("a", "b", "list"), { maxLength: 3 }),
        (value, key, path) => {
          const held: unknown = key.endsWith("s") ? [value] : value;
          const nested = path.reduceRight<unknown>(
            (inner, step) => (step === "list" ? { list: [inner] } : { [step]: inner }),
            { [key]: held, ms: 12 },
          );
          const text = JSON.stringify(scrub(nested));
          expect(text).not.toContain(value);
          expect(text).toContain('"ms":12');
        },
      ),
    );
  });

  it("end somewhere, however they are nested", () => {
    const circle: Record<string, unknown> = { a: 1 };
    circle["self"] = circle;
    expect(JSON.stringify(scrub(circle))).toContain("[deep]");
  });

  it("keep counts, codes and flags", () => {
    const fields = { tokens: 3, code: "busy", isRefresh: true, refresh: null, at: new Date(0) };
    expect(scrub(fields)).toEqual(fields);
  });
});

describe("errors", () => {
  it("of the database lose the row and the parameters", () => {
    const cause = Object.assign(new Error('invalid input syntax for type uuid: "B AB 123"'), {
      code: "22P02",
      detail: "Key (plate)=(BAB123) already exists.",
    });
    const error = Object.assign(new Error("Failed query: insert ... params: BAB123", { cause }), {
      query: "insert",
      params: ["BAB123"],
    });
    expect(scrubError(error)).toEqual({
      type: "DatabaseError",
      sqlState: "22P02",
      message: 'invalid input syntax for type uuid: "…"',
    });
    const unknown = Object.assign(new Error("Failed query: insert ... params: BAB123"), {
      query: "",
      params: [],
    });
    expect(JSON.stringify(scrubError(unknown))).not.toContain("BAB123");
  });

  it("keep their stacks and causes, without secrets", () => {
    const error = new Error("no", { cause: new Error(`with ${JWT}`) });
    expect(scrubError(error)).toMatchObject({
      type: "Error",
      message: "no",
      stack: expect.stringContaining("scrub.test"),
    });
    expect(JSON.stringify(scrubError(error))).not.toContain(JWT);
  });
});

describe("statements", () => {
  it("lose their literals", () => {
    expect(scrubStatement("select *\n  from stays where plate = 'B''AB 123' and id = $1")).toBe(
      "select * from stays where plate = '…' and id = $1",
    );
  });
});
