import { parseArgs } from "node:util";
import { measureAttempts, measureBookings } from "./api-bookings.ts";
import { prepare, type Ground } from "./api-ground.ts";
import { measureAvailability, measureReads } from "./api-reads.ts";
import { withPrograms } from "./gate-run.ts";
import { report, type Figure } from "./report.ts";

/**
 * How fast the public API answers, over real HTTP on a real PostgreSQL of the same machine, with many facilities and
 * bookings in it. Beside it, in the same run, the floors: the bare transaction of a booking through the same driver, and
 * a bare route that runs `select 1`.
 */
const HELP = `bench api: the public API under load
  --facilities N   (1000)
  --bookings N     that are there before (100000)
  --attempts N     at bookings on few spots at the same time (1000000)
  --seconds N      of each measure (15)
  --only PARTS     some of reads,availability,bookings,attempts
`;

type Part = "reads" | "availability" | "bookings" | "attempts";
type Measure = (ground: Ground) => Promise<readonly Figure[]>;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      facilities: { type: "string", default: "1000" },
      bookings: { type: "string", default: "100000" },
      attempts: { type: "string", default: "1000000" },
      seconds: { type: "string", default: "15" },
      only: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return void process.stderr.write(HELP);
  const measures: Readonly<Record<Part, Measure>> = {
    reads: measureReads,
    availability: measureAvailability,
    bookings: measureBookings,
    attempts: async (ground) => await measureAttempts(ground, Number(values.attempts)),
  };
  const only = values.only?.split(",");
  const unknown = only?.find((name) => !(name in measures));
  if (unknown !== undefined) throw new Error(`no part of this bench is called ${unknown}`);
  await withPrograms("api", async (programs) => {
    const ground = await prepare(programs, values, Number(values.seconds));
    const figures: Figure[] = [];
    for (const [name, measure] of Object.entries(measures))
      if (only === undefined || only.includes(name)) figures.push(...(await measure(ground)));
    report("api", `the public API: ${values.facilities} facilities, ${values.bookings} bookings`, figures);
  });
}

await main();
