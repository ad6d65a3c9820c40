import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSite, type Site } from "./testing/site.ts";

/** Names that must exist, and things that only one of two can have. */

let site: Site;
beforeAll(() => {
  site = createSite();
});
afterAll(() => site.remove());

type Parts = {
  readonly facility?: string;
  readonly boards?: string;
  readonly devices?: string;
  readonly lanes?: readonly string[];
};

const ENTRY =
  "{ name: in, title: In, direction: entry, barrier: { board: b }, inputs: { arming: in1, safety: in2, closed_limit: in3 } }";

function siteOf(parts: Parts): string {
  return `facility: { id: 019ab3c4-0000-7000-8000-000000000001, slug: d, name: D, time_zone: UTC, currency: EUR, capacity: 9${parts.facility ?? ""} }
mqtt: { url: "mqtt://broker" }
boards:
${parts.boards ?? "  - { name: b, driver: mqtt }"}
${parts.devices ?? ""}
lanes:
${(parts.lanes ?? [ENTRY]).map((lane) => `  - ${lane}`).join("\n")}
`;
}

/** The problems, without their lines. */
function problems(parts: Parts): string[] {
  return site.problemsOf(siteOf(parts)).map((line) => line.replace(/^edge\.yaml:\d+: /, ""));
}

const lane = (change: string): string => ENTRY.replace("direction: entry", `direction: entry, ${change}`);

describe("zones", () => {
  const zones = (list: string): Parts => ({ facility: `, zones: [${list}]` });

  it("may be nested", () => {
    expect(
      problems({
        ...zones("{ name: l2, title: L2, capacity: 5 }, { name: ev, title: EV, capacity: 2, parent: l2 }"),
        lanes: [lane("zone: ev")],
      }),
    ).toEqual([]);
  });

  it.each([
    [
      zones("{ name: a, title: A, capacity: 1, parent: x }"),
      "facility.zones.0.parent is not one of the zones",
    ],
    [
      zones("{ name: a, title: A, capacity: 1, parent: b }, { name: b, title: B, capacity: 1, parent: a }"),
      "facility.zones.0.parent leads round in a circle",
    ],
    [
      zones("{ name: a, title: A, capacity: 1 }, { name: a, title: B, capacity: 1 }"),
      "facility.zones.1.name is used twice",
    ],
    [{ lanes: [lane("zone: l9")] }, "lanes.0.zone is not one of the zones"],
    [
      { ...zones("{ name: a, title: A, capacity: 1 }"), lanes: [lane("from_zone: a")] },
      "lanes.0.from_zone is for lanes within the facility: set inner: true",
    ],
    [{ lanes: [lane("inner: true")] }, "lanes.0.zone must be another zone than the one it leads out of"],
    [
      { facility: ', count_resets: [{ zone: x, at: "04:00" }]' },
      "facility.count_resets.0.zone is not one of the zones",
    ],
  ])("are refused: %j", (parts, problem) => {
    expect(problems(parts)).toContain(problem);
  });
});

describe("relays", () => {
  const boards = '  - { name: b, driver: modbus, tcp: "127.0.0.1:502" }';
  const wired = (relays: string): string => ENTRY.replace("{ board: b }", `{ board: b, relays: ${relays} }`);

  it("are named where a board does not know barriers", () => {
    expect(problems({ boards, lanes: [wired("{ open: r1, close: r2 }")] })).toEqual([]);
    expect(problems({ boards })).toEqual([
      "lanes.0.barrier needs relays: this board does not know barriers by number",
    ]);
  });

  it("are left to a board that does", () => {
    expect(problems({ lanes: [wired("{ open: open1, close: close1 }")] })[0]).toBe(
      "lanes.0.barrier.relays.open is not for this board: it knows its barriers by number",
    );
  });

  it("exist, and belong to one action of one lane", () => {
    expect(problems({ boards, lanes: [wired("{ open: r1, close: r9 }")] })).toEqual([
      "lanes.0.barrier.relays.close is not a relay of this board",
    ]);
    expect(problems({ boards, lanes: [wired("{ open: r1, close: r1 }")] })).toEqual([
      "lanes.0.barrier.relays.close belongs to another lane or action already",
    ]);
  });
});

describe("devices", () => {
  it("have names of their own, whatever they are", () => {
    expect(problems({ devices: "cameras: [{ name: b, driver: mqtt }]" })).toEqual([
      "cameras.0.name is used under boards already",
    ]);
  });

  it("exist, and serve one lane", () => {
    const devices = 'printers: [{ name: p, driver: escpos, tcp: "127.0.0.1:9100" }]';
    expect(problems({ lanes: [lane("printer: p")] })).toContain("lanes.0.printer is not one of the printers");
    const second = lane("printer: p")
      .replace("name: in", "name: in-2")
      .replace("{ board: b }", "{ board: b, number: 2 }");
    expect(problems({ devices, lanes: [lane("printer: p"), second] })).toEqual([
      "lanes.1.printer serves another lane already",
    ]);
  });

  it("share a line only where they have addresses, and agree on it", () => {
    const modbus = (name: string, more: string): string =>
      `  - { name: ${name}, driver: modbus, serial: /dev/ttyS9${more} }`;
    const boards = (...list: string[]): Parts => ({
      boards: ["  - { name: b, driver: mqtt }", ...list].join("\n"),
    });
    expect(problems(boards(modbus("m1", ", unit: 1"), modbus("m2", ", unit: 2")))).toEqual([]);
    expect(problems(boards(modbus("m1", ""), modbus("m2", ", unit: 2, baud: 19200")))).toEqual([
      "boards.2.serial is shared with a device that has another baud or parity",
    ]);
    expect(
      problems(boards(modbus("m1", ""), "  - { name: l, driver: lcus, channels: 4, serial: /dev/ttyS9 }")),
    ).toEqual(["boards.2.serial is the line of another device, and these cannot share one"]);
  });

  it("of the desk are printers that serve no lane", () => {
    const devices = 'printers: [{ name: p, driver: escpos, tcp: "127.0.0.1:9100" }]\ndesk: { printer: p }';
    expect(problems({ devices })).toEqual([]);
    expect(problems({ devices, lanes: [lane("printer: p")] })).toEqual([
      "desk.printer serves a lane already",
    ]);
    expect(problems({ devices: "desk: { printer: p }" })).toEqual([
      "desk.printer is not one of the printers",
    ]);
  });

  it("that are wired to a board name one that is there", () => {
    expect(problems({ devices: "readers: [{ name: w, driver: board, board: x, point: w1 }]" })).toEqual([
      "readers.0.board is not one of the boards",
    ]);
  });
});

describe("a reversible lane", () => {
  const reversible = ENTRY.replace("direction: entry", "direction: reversible");

  it("has a loop on either side, and may turn by schedule", () => {
    const whole = reversible
      .replace("safety: in2", "safety: in2, closing: in4")
      .replace("title: In", 'title: In, schedule: [{ days: [mon, fri], at: "06:00", direction: entry }]');
    expect(problems({ lanes: [whole] })).toEqual([]);
    expect(problems({ lanes: [reversible] })).toEqual([
      "lanes.0.inputs need closing: a reversible lane has a loop on either side of its arm",
    ]);
  });

  it("is the only one that turns", () => {
    expect(problems({ lanes: [lane('schedule: [{ at: "06:00", direction: entry }]')] })).toEqual([
      "lanes.0.schedule is for reversible lanes only",
    ]);
  });
});

describe("the vehicles of a lane", () => {
  it("are of one kind where an entry says so", () => {
    expect(problems({ lanes: [lane("vehicle: { type: motorcycle, ev: true }")] })).toEqual([]);
    expect(problems({ lanes: [lane('vehicle: { type: "Big Truck" }')] })).toEqual([
      "lanes.0.vehicle.type must be a name in small letters",
    ]);
  });

  it("are nothing to lanes where no stay begins", () => {
    const exit = lane("vehicle: { ev: true }").replace("direction: entry", "direction: exit");
    for (const one of [exit, lane("vehicle: { ev: true }, inner: true, zone: x")])
      expect(problems({ facility: ", zones: [{ name: x, title: X, capacity: 1 }]", lanes: [one] })).toEqual([
        "lanes.0.vehicle is for entries: no stay begins at this lane",
      ]);
  });
});

describe("inputs", () => {
  it("may be given with what their contact means", () => {
    const inputs =
      "{ arming: { point: in1, contact: opens, debounce_ms: 50 }, safety: b/in2, closed_limit: in3, stop: { point: in4, contact: opens }, fire: { point: in5, unknown_is: on } }";
    expect(problems({ lanes: [ENTRY.replace(/inputs: \{.*\} \}$/, `inputs: ${inputs} }`)] })).toEqual([]);
  });

  it("of a sensor cannot be declared clear when they are not known", () => {
    const inputs = "{ arming: in1, safety: { point: in2, unknown_is: off }, closed_limit: in3 }";
    expect(problems({ lanes: [ENTRY.replace(/inputs: \{.*\} \}$/, `inputs: ${inputs} }`)] })).toHaveLength(1);
  });
});
