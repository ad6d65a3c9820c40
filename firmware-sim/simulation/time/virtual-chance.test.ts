import { randomBytes, randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { createRandom } from "../../traffic/random.ts";
import { installVirtualChance } from "./virtual-chance.ts";

/** Ids, keys and numbers as a program draws them that knows nothing of a simulation. */
function drawn(seed: string | null): readonly (string | number)[] {
  const restore = seed === null ? () => undefined : installVirtualChance(createRandom(seed).next);
  try {
    return [randomUUID(), randomBytes(8).toString("hex"), Math.random(), crypto.randomUUID()];
  } finally {
    restore();
  }
}

it("makes up the same ids, keys and numbers from the same seed, and its own again afterwards", () => {
  const [uuid, key, number] = drawn("one");
  expect(drawn("one").slice(0, 3)).toEqual([uuid, key, number]);
  expect(drawn("two").slice(0, 3)).not.toEqual([uuid, key, number]);
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(drawn(null)).not.toEqual(drawn(null));
});
