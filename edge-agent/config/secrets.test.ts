import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changed, createSite, FULL, type Site } from "./testing/site.ts";

let site: Site;
beforeAll(() => {
  site = createSite();
});
afterAll(() => site.remove());

describe("secrets", () => {
  const HIDDEN = "hunter2-s3cret!";

  it.each([
    ["in place of a file name", changed(["./secrets/pin-alex", HIDDEN])],
    ["in place of a number", changed(["port: 8081", `port: ${HIDDEN}`])],
    ["in place of a choice", changed(["direction: entry", `direction: ${HIDDEN}`])],
    ["in place of a section", changed(["http: { host: 127.0.0.1, port: 8081 }", `http: ${HIDDEN}`])],
    ["in place of a driver", changed(["driver: hikvision", `driver: ${HIDDEN}`])],
    ["in place of an id", changed(["019ab3c4-0000-7000-8000-000000000002", HIDDEN])],
    ["as the value of an unknown key", changed(["pin_file: ./secrets/pin-alex", `pin: ${HIDDEN}`])],
    ["as a key of its own", changed(["pin_file: ./secrets/pin-alex", HIDDEN])],
    ["in an address", changed(["mqtt://127.0.0.1", `mqtt://gate:${HIDDEN}@127.0.0.1`])],
    ["in the cloud's address", changed(["http://127.0.0.1:8080", `http://gate:${HIDDEN}@cloud`])],
    ["after a closed quote", changed(['"mqtt://127.0.0.1:1883"', `"mqtt://127.0.0.1:1883" "${HIDDEN}"`])],
    ["as an alias", changed(["pin_file: ./secrets/pin-alex", `pin_file: *${HIDDEN}`])],
    ["as a tag", changed(["pin_file: ./secrets/pin-alex", `pin_file: !${HIDDEN} [x`])],
    ["after a block scalar's header", changed(["name: Harbour Square", `name: | ${HIDDEN}`])],
    ["outside of everything", `${FULL}\n}} ${HIDDEN}\n`],
    ["in a second document", `${FULL}\n---\npin: ${HIDDEN}\n`],
  ])("are not repeated %s", (_where, text) => {
    const problems = site.problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join("\n")).not.toContain("s3cret");
  });

  it("are trimmed, and refused when there is nothing much to them", () => {
    const withPin = changed(["./secrets/pin-alex", "./pin"]);
    const problem = (content: string | Uint8Array) => {
      writeFileSync(join(site.folder, "pin"), content);
      return site.problemsOf(withPin).join();
    };
    expect(problem("  1234 \r\n")).toBe("");
    expect(problem("")).toMatch(/pin_file names a file that holds no secret/);
    expect(problem(" 12 \n")).toMatch(/pin_file names a file that holds no secret/);
    expect(problem("x".repeat(5_000))).toMatch(/pin_file names a file that is too long/);
    expect(problem("é".repeat(3_000))).toMatch(/pin_file names a file that is too long/);
  });

  it("may lie in a folder, a device or nowhere: that is told and does no harm", () => {
    const report = (file: string) => site.problemsOf(changed(["./secrets/pin-alex", file])).join();
    expect(report("./secrets")).toMatch(/pin_file names a file that cannot be read: EISDIR/);
    expect(report("/dev/zero")).toMatch(/pin_file names a file that is too long/);
    expect(report("/dev/null")).toMatch(/pin_file names a file that holds no secret/);
    symlinkSync("loop", join(site.folder, "loop"));
    expect(report("./loop")).toMatch(/pin_file names a file that cannot be read: ELOOP/);
    expect(report("./pin\\0x")).not.toBe("");
  });
});
