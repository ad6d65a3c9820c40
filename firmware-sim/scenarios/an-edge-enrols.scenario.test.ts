import { beforeAll, describe, expect, it } from "vitest";
import { setUpEnrolment, type Box, type Ended } from "./boxes.ts";
import { eventually } from "./stage.ts";

/** By the promise of the design: a revocation counts within a minute. */
const WITHIN_MS = 60_000;

type EdgeRow = { readonly edge_id: string; readonly signs_in_with: string; readonly box: string | null };
type Listed = EdgeRow & { readonly enrolled_at: string | null; readonly last_seen_at: string | null };

function jsonOf<T>({ code, stdout, stderr }: Ended): T {
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as T;
}

/** Waits until the agent has logged what its credential has become. */
async function untilCredential(box: Box, state: string): Promise<void> {
  const last = () => box.notes.findLast((note) => "credential" in note)?.["credential"] ?? "none";
  await eventually(`the credential to be ${state}`, last, (seen) => seen === state, WITHIN_MS);
}

let world: Awaited<ReturnType<typeof setUpEnrolment>>;
beforeAll(async () => {
  world = await setUpEnrolment();
});

const edges = async () => jsonOf<Listed[]>(await world.admin("edges", "--json"));
const newCode = async () => jsonOf<{ code: string }>(await world.admin("enrol", "harbour", "--json")).code;

describe("the admin program", () => {
  it("says in words what it cannot do", async () => {
    const { admin } = world;
    expect(await edges()).toEqual([]);
    const usage = [[], ["enrol"], ["edges", "x"], ["nonsense"], ["enrol", "a", "b"]];
    const refused = [...usage, ["enrol", "nowhere"], ["revoke", "harbour"]];
    const [noEdge, noFacility, ...wrong] = (
      await Promise.all(refused.map((words) => admin(...words)))
    ).toReversed();
    for (const each of wrong)
      expect(each).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("npm run admin") });
    expect(noFacility).toMatchObject({
      code: 1,
      stderr: 'admin: there is no facility "nowhere": see the word edges\n',
    });
    expect(noEdge).toMatchObject({
      code: 1,
      stderr: 'admin: there is no edge, and no facility with one, called "harbour"\n',
    });
    expect((await admin("--help")).stdout).toContain("revoke EDGE");
    expect((await admin("enrol", "harbour")).stdout).toMatch(
      /^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}\n[^]*parkme-edge enroll https:\/\/THIS-CLOUD/,
    );
  });
});

describe("a box becomes the edge of a facility", () => {
  it("by a code, is cut off within a minute when another takes its place or it is revoked, and its gate goes on", async () => {
    const { url, admin, box, ask } = world;
    const heardOf = async (name: string) =>
      await eventually(
        `the cloud to hear of ${name}`,
        edges,
        ([edge]) =>
          edge?.box === name && edge.last_seen_at !== null && edge.last_seen_at > (edge.enrolled_at ?? ""),
        WITHIN_MS,
      );

    // The agent runs already when its box is enrolled.
    const first = await box("first");
    await first.start();
    await untilCredential(first, "not_enrolled");
    expect(await first.serves()).toBe(true);
    const used = await newCode();
    const enrolled = jsonOf<{ edge_id: string }>(await first.enroll(url, used, "--json"));
    expect(await heardOf("first")).toMatchObject([{ edge_id: enrolled.edge_id, signs_in_with: "key" }]);
    await untilCredential(first, "ready");
    const token = await first.signIn();
    expect(await ask("/api/edge/state", token)).toBe("400 invalid");

    // The code is good once; and another box takes the place of the first.
    const second = await box("second");
    const late = await second.enroll(url, used);
    expect(late).toMatchObject({ code: 1, stderr: expect.stringMatching(/somebody else/) });
    const taken = jsonOf<{ edge_id: string }>(await second.enroll(url, await newCode(), "--json"));
    expect(taken.edge_id).toBe(enrolled.edge_id);
    expect(await ask("/api/edge/state", token)).toBe("401 revoked");
    expect(await first.signIn()).toBe("401 revoked");
    await second.start();
    await untilCredential(first, "revoked");
    await heardOf("second");

    // Headquarters takes its access away.
    const its = await second.signIn();
    expect(await ask("/api/edge/state", its)).toBe("400 invalid");
    expect(jsonOf(await admin("revoke", "harbour", "--json"))).toEqual({ revoked: [enrolled.edge_id] });
    expect(await ask("/api/edge/state", its)).toBe("401 revoked");
    await untilCredential(second, "revoked");
    expect(await edges()).toMatchObject([{ signs_in_with: "nothing", box: null }]);
    for (const each of [first, second]) expect(await each.serves()).toBe(true);

    // And gives it back, to the first: the very program that was cut off goes on.
    jsonOf(await first.enroll(url, await newCode(), "--json", "--replace"));
    await heardOf("first");
    await untilCredential(first, "ready");
  });
});
