import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { together } from "./together.ts";

/** What is done in one go is kept, and ends when the test says so. */
function goes() {
  const begun: { readonly items: readonly number[]; readonly end: () => void; readonly fail: () => void }[] =
    [];
  const doAll = async (items: readonly number[]): Promise<readonly number[]> =>
    await new Promise((done, fail) => {
      const end = () => done(items.map((item) => item * 2));
      begun.push({ items, end, fail: () => fail(new Error("it went wrong")) });
    });
  return { begun, doAll };
}

const nextTurn = async (): Promise<void> => await new Promise((done) => setImmediate(done));

describe("what is done together", () => {
  it("begins at once, and takes along what came while something was under way, but not too much", async () => {
    const { begun, doAll } = goes();
    const add = together(doAll, 3);
    const first = add(1);
    await nextTurn();
    expect(begun.map(({ items }) => items)).toEqual([[1]]);
    const others = [2, 3, 4, 5].map((item) => add(item));
    await nextTurn();
    expect(begun).toHaveLength(1);
    begun[0]?.end();
    expect(await first).toBe(2);
    await nextTurn();
    expect(begun.map(({ items }) => items)).toEqual([[1], [2, 3, 4]]);
    begun[1]?.end();
    await Promise.all(others.slice(0, 3));
    await nextTurn();
    begun[2]?.end();
    expect(await Promise.all(others)).toEqual([4, 6, 8, 10]);
  });

  it("tells all of a go that it failed, and goes on", async () => {
    const { begun, doAll } = goes();
    const add = together(doAll, 2);
    const failing = [add(1), add(2)];
    const next = add(3);
    await nextTurn();
    begun[0]?.fail();
    for (const one of failing) await expect(one).rejects.toThrow("it went wrong");
    await nextTurn();
    begun[1]?.end();
    expect(await next).toBe(6);
  });

  it("does not pass over an item", async () => {
    const add = together<number, number>(async () => [], 2);
    await expect(add(1)).rejects.toThrow("not every item was answered for");
  });

  it("answers each for itself, once, whenever they come", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { maxLength: 40 }),
        fc.integer({ min: 1, max: 7 }),
        async (gaps, most) => {
          let under = 0;
          const sizes: number[] = [];
          const add = together<number, number>(async (items) => {
            under += 1;
            expect(under).toBe(1);
            sizes.push(items.length);
            await nextTurn();
            under -= 1;
            return items.map((item) => -item);
          }, most);
          const answers: Promise<number>[] = [];
          for (const [i, gap] of gaps.entries()) {
            for (let turn = 0; turn < gap; turn++) await nextTurn();
            answers.push(add(i));
          }
          expect(await Promise.all(answers)).toEqual(gaps.map((_, i) => -i));
          expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(most);
          expect(sizes.reduce((sum, n) => sum + n, 0)).toBe(gaps.length);
        },
      ),
      { numRuns: 50 },
    );
  });
});
