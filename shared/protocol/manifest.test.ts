import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPinHash } from "../domain/pin-hash.ts";
import { asCurrency } from "../domain/money.ts";
import {
  bucketDigest,
  bucketOf,
  BUCKETS,
  entryHash,
  manifestDigest,
  type Sha256,
} from "./manifest-digest.ts";
import { checkEntry, readEntry } from "./manifest-sections.ts";
import { manifestKeySchema } from "./manifest.ts";

const sha256: Sha256 = (text) => createHash("sha256").update(text).digest("hex");
const PLACE = { currency: asCurrency("EUR"), timeZone: "Europe/Berlin" };
const entry = (section: string, key: string, body: unknown) => ({ section, key, body: JSON.stringify(body) });

describe("the digest of a manifest", () => {
  const names = fc
    .tuple(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }))
    .filter((pair) => !pair.join("").includes("\0"));
  const manifests = fc.uniqueArray(fc.tuple(names, fc.string()), {
    selector: ([name]) => name.join("\0"),
    maxLength: 40,
  });

  function digest(entries: readonly (readonly [readonly [string, string], string])[]): string {
    const hashes = new Map<number, string[]>();
    for (const [[section, key], body] of entries) {
      const bucket = bucketOf(section, key, sha256);
      hashes.set(bucket, [...(hashes.get(bucket) ?? []), entryHash({ section, key, body }, sha256)]);
    }
    return manifestDigest(
      new Map([...hashes].map(([bucket, of]) => [bucket, bucketDigest(of, sha256)])),
      sha256,
    );
  }

  it("does not depend on the order in which entries come", () => {
    fc.assert(fc.property(manifests, (entries) => digest(entries) === digest(entries.toReversed())));
  });

  it("is another when any entry is another", () => {
    fc.assert(
      fc.property(
        manifests.filter((entries) => entries.length > 0),
        fc.nat(),
        (entries, at) => {
          const index = at % entries.length;
          const changed = entries.map(([name, body], i) => [name, i === index ? `${body}.` : body] as const);
          return (
            digest(changed) !== digest(entries) && digest(entries.toSpliced(index, 1)) !== digest(entries)
          );
        },
      ),
    );
  });

  it("is made as it is written down", () => {
    const hash = sha256("permits\0P-1\0{}");
    expect(entryHash({ section: "permits", key: "P-1", body: "{}" }, sha256)).toBe(hash);
    const bucket = Number.parseInt(sha256("permits\0P-1").slice(0, 2), 16);
    expect(bucketOf("permits", "P-1", sha256)).toBe(bucket);
    const parts = Array.from({ length: BUCKETS }, (_, n) => sha256(n === bucket ? hash : ""));
    expect(manifestDigest(new Map([[bucket, sha256(hash)]]), sha256)).toBe(sha256(parts.join("")));
  });
});

describe("an entry", () => {
  const PIN = `scrypt$12$${"a".repeat(22)}$${"b".repeat(43)}`;
  it.each([
    entry("tariffs", "standard@4", {
      id: "standard",
      version: 4,
      valid_from: "2026-12-01 00:00",
      document: { flat: { price: 5 } },
    }),
    entry("permits", "P-1", {
      id: "P-1",
      account: "A",
      valid_from: "2026-01-01T00:00:00Z",
      valid_until: "2027-01-01T00:00:00Z",
    }),
    entry("reservations", "R-1", {
      id: "R-1",
      codes: ["K7Q2-9F"],
      from: "2026-01-01T00:00:00Z",
      until: "2026-01-02T00:00:00Z",
    }),
    entry("blocked", "BXY99", { plate: "b xy-99", reason: "house ban" }),
    entry("watched", "BXY99", { plate: "BXY99", reason: "stolen" }),
    entry("zones", "yard", { zone: "yard", capacity: 0 }),
    entry("capacity", "standard", { class: "standard", total: 100, blocked: 3 }),
    entry("staff", "zoë", { name: "Zoë", title: "Ms Zoë", pin: PIN }),
    entry("ticket_keys", "A".repeat(43), {
      title: "P2",
      public_key: "A".repeat(43),
      from: "2026-01-01T00:00:00+01:00",
      until: null,
    }),
  ])("of $section is right", (right) => {
    expect(checkEntry(right, PLACE)).toMatchObject({ ok: true, value: { section: right.section } });
    expect(readEntry({ ...right, key: `${right.key}x` })).toMatchObject({
      ok: false,
      error: [{ path: ["key"] }],
    });
  });

  it.each([
    [entry("wishes", "a", {}), "section"],
    [entry("zones", "yard", { zone: "yard", capacity: -1 }), "body.capacity"],
    [entry("zones", "yard", { zone: "yard", capacity: 1, more: 1 }), "body"],
    [entry("capacity", "standard", { class: "standard", total: 2, blocked: 3 }), "body.blocked"],
    [entry("staff", "alex", { name: "Alex", pin: "1234" }), "body.pin"],
    [entry("staff", "a\u0007", { name: "a\u0007", pin: PIN }), "key"],
    [
      entry("ticket_keys", "x", { title: "P2", public_key: "x", from: "2026-01-01", until: null }),
      "body.public_key",
    ],
    [
      entry("tariffs", "standard@4", {
        id: "standard",
        version: 4,
        valid_from: "soon",
        document: { flat: { price: 5 } },
      }),
      "body.valid_from",
    ],
    [
      entry("tariffs", "standard@4", { id: "standard", version: 4, document: { flat: { price: -5 } } }),
      "body.document.flat.price",
    ],
    [{ section: "permits", key: "P-1", body: "{" }, "body"],
    [{ section: "permits", key: "P-1", body: `"${"x".repeat(70_000)}"` }, "body"],
  ])("that is not right says where: %j", (wrong, path) => {
    const read = checkEntry(wrong, PLACE);
    expect(read.ok ? "" : read.error[0]?.path.map(String).join(".")).toBe(path);
  });

  it("is refused for any body, and never throws", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("tariffs", "permits", "staff", "zones", "x"),
        fc.json(),
        (section, body) => {
          expect(checkEntry({ section, key: "k", body }, PLACE).ok).toBe(false);
        },
      ),
    );
  });

  it("has a key that can be shown", () => {
    for (const key of ["", "a\0b", "a\nb", "\ud800", "x".repeat(201)])
      expect(manifestKeySchema.safeParse(key).success).toBe(false);
    for (const key of ["P-1", "京都 500", "😀"]) expect(manifestKeySchema.safeParse(key).success).toBe(true);
  });

  it("has the hash of a PIN only at a cost that a gate can pay", () => {
    expect(readPinHash(PIN)).toEqual({ cost: 4_096, salt: "a".repeat(22), hash: "b".repeat(43) });
    for (const wrong of ["1234", PIN.replace("$12$", "$20$"), PIN.replace("scrypt", "md5"), `${PIN}x`])
      expect(readPinHash(wrong)).toBeNull();
  });
});
