import fc from "fast-check";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { yamlText } from "./yaml-text.ts";

it("is read as the JSON that it was", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      expect(parse(yamlText(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
