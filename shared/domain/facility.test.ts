import { describe, expect, it } from "vitest";
import { zonePath, type Zone } from "./facility.ts";

const zone = (name: string, parent: string | null): Zone => ({ name, title: name, parent, capacity: 10 });
const ZONES = [zone("corner", "level-2"), zone("level-2", "house"), zone("house", null), zone("yard", null)];

describe("the path of a zone", () => {
  it("goes from the zone to what it lies in, outwards", () => {
    expect(zonePath("corner", ZONES)).toEqual(["corner", "level-2", "house"]);
    expect(zonePath("yard", ZONES)).toEqual(["yard"]);
  });

  it("of a zone that is not listed is the zone alone, and one listed outside ends there", () => {
    expect(zonePath("attic", ZONES)).toEqual(["attic"]);
    expect(zonePath("a", [zone("a", "b")])).toEqual(["a", "b"]);
  });

  it("ends where parents lie in a circle", () => {
    const circle = [zone("a", "b"), zone("b", "c"), zone("c", "a"), zone("d", "a"), zone("e", "e")];
    expect(zonePath("a", circle)).toEqual(["a", "b", "c"]);
    expect(zonePath("d", circle)).toEqual(["d", "a", "b", "c"]);
    expect(zonePath("e", circle)).toEqual(["e"]);
  });
});
