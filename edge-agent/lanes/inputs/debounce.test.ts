import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createDebounce } from "./debounce.ts";

const button = (ms: number) => createDebounce(new Map([["button", { ms, onAtOnce: false }]]));
const safety = (ms: number) => createDebounce(new Map([["safety", { ms, onAtOnce: true }]]));

describe("debounce", () => {
  it("believes the first level at once, and a change only when it has lasted", () => {
    const debounce = button(30);
    expect(debounce({ button: false }, 0)).toEqual({ levels: { button: false }, nextMs: null });
    expect(debounce({ button: true }, 10)).toEqual({ levels: { button: false }, nextMs: 40 });
    expect(debounce({ button: true }, 39)).toEqual({ levels: { button: false }, nextMs: 40 });
    expect(debounce({ button: true }, 40)).toEqual({ levels: { button: true }, nextMs: null });
  });

  it("forgets a change that went back, and counts the next one anew", () => {
    const debounce = button(30);
    debounce({ button: false }, 0);
    debounce({ button: true }, 10);
    expect(debounce({ button: false }, 20)).toEqual({ levels: { button: false }, nextMs: null });
    expect(debounce({ button: true }, 30).nextMs).toBe(60);
  });

  it("believes a vehicle under the arm at once, and that it left only when that has lasted", () => {
    const debounce = safety(50);
    debounce({ safety: false }, 0);
    expect(debounce({ safety: true }, 1).levels).toEqual({ safety: true });
    expect(debounce({ safety: false }, 2)).toEqual({ levels: { safety: true }, nextMs: 52 });
    expect(debounce({ safety: false }, 52).levels).toEqual({ safety: false });
  });

  it("does not know what is not known, and starts anew when it is again", () => {
    const debounce = button(30);
    debounce({ button: false }, 0);
    expect(debounce({}, 10)).toEqual({ levels: {}, nextMs: null });
    expect(debounce({ button: true }, 11).levels).toEqual({ button: true });
  });

  it("shows every level that lasts, and no shorter one, whatever the contact does", () => {
    const changes = fc.array(fc.record({ level: fc.boolean(), forMs: fc.integer({ min: 1, max: 60 }) }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(changes, (story) => {
        const debounce = button(30);
        let nowMs = 0;
        let shown: boolean | undefined;
        let since = 0;
        let last: boolean | undefined;
        for (const { level, forMs } of story) {
          if (level !== last) since = nowMs;
          last = level;
          for (let ms = 0; ms < forMs; ms++, nowMs++) {
            const now = debounce({ button: level }, nowMs).levels.button;
            if (shown !== undefined && now !== shown) expect(nowMs - since).toBeGreaterThanOrEqual(30);
            shown = now;
            if (nowMs - since >= 30) expect(now).toBe(level);
          }
        }
      }),
    );
  });
});
