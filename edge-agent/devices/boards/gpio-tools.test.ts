import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chipsOf, driveArgs, holdArgs, levelsOf, readArgs, seriesOf, waitArgs } from "./gpio-tools.ts";

describe("what the tools of libgpiod say", () => {
  it("tells their series", () => {
    expect(seriesOf("gpiodetect (libgpiod) v1.6.3\nCopyright (C) 2017-2018")).toBe(1);
    expect(seriesOf("gpiodetect (libgpiod) v2.2.1\n")).toBe(2);
    expect(seriesOf("gpiodetect (libgpiod) v3.0-rc1\n")).toBe(2);
    expect(seriesOf("gpiodetect: command not found")).toBeNull();
    expect(seriesOf("(libgpiod) v0.3.2")).toBeNull();
  });

  it("tells the chips", () => {
    const text = "gpiochip0 [gpio-brcmstb@107d508500] (32 lines)\ngpiochip4 [pinctrl-rp1] (54 lines)\n";
    expect(chipsOf(text)).toEqual([
      { name: "gpiochip0", label: "gpio-brcmstb@107d508500", lines: 32 },
      { name: "gpiochip4", label: "pinctrl-rp1", lines: 54 },
    ]);
    expect(chipsOf("gpiochip0 [a] (1 line)\ngpiochip0; reboot [b] (2 lines)")).toHaveLength(1);
  });

  it("tells the levels, as many as were asked for", () => {
    expect(levelsOf("1 0 1\n", 3)).toEqual([true, false, true]);
    expect(levelsOf("1 0\n", 3)).toBeNull();
    expect(levelsOf('"17"=active', 1)).toBeNull();
    expect(levelsOf("", 1)).toBeNull();
  });

  it("never makes a parser throw, nor say more than there is", () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom("gpiochip0 [a] (1 line)", "\n", "0", "1", " ", "(libgpiod) v1.6"),
    );
    const text = fc.array(word, { maxLength: 400 }).map((words) => words.join(""));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 64 }), (said, count) => {
        expect(chipsOf(said).length).toBeLessThanOrEqual(64);
        for (const { name } of chipsOf(said)) expect(name).toMatch(/^gpiochip\d{1,4}$/);
        expect([1, 2, null]).toContain(seriesOf(said));
        const levels = levelsOf(said, count);
        if (levels !== null) expect(levels).toHaveLength(count);
      }),
    );
  });
});

describe("what the tools of libgpiod are told", () => {
  it("fits series 1", () => {
    expect(driveArgs(1, "gpiochip0", 17, true)).toEqual(["--mode=exit", "gpiochip0", "17=1"]);
    expect(holdArgs(1, "gpiochip0", 17, true, 1_750)).toEqual([
      "--mode=time",
      "--sec=1",
      "--usec=750000",
      "gpiochip0",
      "17=1",
    ]);
    expect(readArgs(1, "gpiochip0", "up", [22, 23])).toEqual(["--bias=pull-up", "gpiochip0", "22", "23"]);
    expect(waitArgs(1, "gpiochip0", "none", [22])).toEqual([
      "--num-events=1",
      "--silent",
      "--bias=disable",
      "gpiochip0",
      "22",
    ]);
  });

  it("fits series 2", () => {
    expect(driveArgs(2, "gpiochip4", 17, false)).toEqual(["--toggle=0", "--chip=gpiochip4", "17=0"]);
    expect(holdArgs(2, "gpiochip4", 17, true, 750)).toEqual(["--toggle=750ms,0", "--chip=gpiochip4", "17=1"]);
    expect(readArgs(2, "gpiochip4", null, [22])).toEqual(["--numeric", "--chip=gpiochip4", "22"]);
    expect(waitArgs(2, "gpiochip4", "none", [22])).toEqual([
      "--num-events=1",
      "--quiet",
      "--chip=gpiochip4",
      "--bias=disabled",
      "22",
    ]);
  });

  it("is safe in a shell's command, whatever the numbers", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1 as const, 2 as const),
        fc.nat(511),
        fc.boolean(),
        fc.double({ min: 0, max: 60_000, noNaN: true }),
        (series, line, high, ms) => {
          const words = [
            ...holdArgs(series, "gpiochip0", line, high, ms),
            ...driveArgs(series, "gpiochip0", line, high),
          ];
          for (const each of words) expect(each).toMatch(/^[a-z0-9=,-]+$/);
        },
      ),
    );
  });
});
