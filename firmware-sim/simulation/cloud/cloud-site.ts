import type { CloudReach } from "../../../edge-agent/link-parts.ts";
import type { Db } from "../../../cloud-api/db/connection.ts";
import type { Random } from "../../traffic/random.ts";
import type { CloudRows } from "../checker/cloud-rows.ts";
import type { Tell } from "../journal.ts";
import type { Deed, SitePlan, Visit } from "../schedule.ts";
import type { Life, VirtualTime } from "../time/virtual-time.ts";
import type { CloudProgram } from "./cloud-program.ts";
import { readCloudRows } from "./cloud-rows.ts";
import { createCustomers, type PaidFor } from "./customers.ts";
import type { FacilityRows, Site } from "./facility-rows.ts";
import { AS_IT_IS, Line, SLOW, WINDOWS } from "./line.ts";
import { CALM, Network, type Weather } from "./network.ts";
import { createOperators, type Done } from "./operators.ts";
import { peopleOf } from "./people-online.ts";
import { provide, publishLists, siteOf, type Organisation } from "./provide.ts";

/** What a simulation has beside its plan. */
export type SiteParts = {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly tell: Tell;
  readonly link: SitePlan["link"];
};

export type SiteGround = {
  readonly db: Db;
  readonly rows: FacilityRows;
  readonly program: CloudProgram;
  readonly organisation: Organisation;
  readonly plan: SitePlan;
};

/** One facility as headquarters has it, in the time of one simulation: its line, its people, its rows, its faults. */
export type CloudSite = {
  readonly credential: Pick<Site, "edgeId" | "token">;
  /** How a program of the gate reaches the cloud; its answers end with its life. */
  readonly reach: (life: Life) => CloudReach;
  readonly network: Network;
  readonly cut: (on: boolean) => void;
  readonly badWeather: (on: boolean) => void;
  /** The line is up for so long from now on, where it is not always: something happens that has to meet traffic. */
  readonly wake: (forMs: number) => void;
  /** From now on the line is up all the time, and as fast as it is: what waits is told. */
  readonly openUp: () => void;
  readonly kill: () => void;
  readonly start: () => Promise<void>;
  /** @returns the copy's number. */
  readonly backUp: () => Promise<number>;
  /** Puts a copy in the place of what the cloud has of this facility. The program must not run. */
  readonly putBack: (copy: number) => Promise<void>;
  readonly operate: (deed: Deed) => Promise<Done>;
  readonly book: (visit: Visit) => Promise<Done>;
  readonly cancel: (visit: Pick<Visit, "id">) => Promise<Done>;
  readonly payOnline: (whose: PaidFor) => Promise<Done & { readonly amountMinor: number }>;
  readonly rows: () => Promise<CloudRows>;
  /** Requests, and doubles of requests, that have not arrived. */
  readonly waiting: () => boolean;
  /** Takes the facility out of the database; nothing of it may be asked any more. */
  readonly close: () => Promise<void>;
};

const BAD: Weather = {
  lost: 0.15,
  answerLost: 0.15,
  doubled: 0.15,
  late: 0.1,
  corrupt: 0.05,
  impostor: 0.05,
  wayMs: 1_500,
};

/** What the cloud does by itself that gates hear of, or that follows from what they tell. */
const BOOKING_JOBS = ["bookings.follow_gates", "bookings.due", "bookings.tell_gates"] as const;
/** How often it is done while there are bookings; in production every second. */
const JOBS_MS = 1_800_000;

export async function openSite(ground: SiteGround, parts: SiteParts): Promise<CloudSite> {
  const { db, rows, program, plan, organisation } = ground;
  const { time, random, tell } = parts;
  // The same plan again, after a run that was broken off.
  if (await rows.isKnown(siteOf(plan))) await rows.clear(siteOf(plan));
  program.serve({ time, startMs: plan.startMs });
  await program.start();
  const site = await provide(db, organisation.id, plan);
  const { network, line } = connect(ground, site, parts);
  const ask = peopleOf(db, program);
  const tellGate = (what: "downlink" | "manifest", forMs: number): void => {
    line.open(forMs);
    line.hint(what);
  };
  const people = { plan, ask, tellGate };
  const operators = createOperators({ ...people, organisation, random: random.fork("operators") });
  const customers = createCustomers({
    ...people,
    db,
    time,
    publishBookings: async () => void (await program.runJobs(BOOKING_JOBS)),
    later: (what, done) => tell({ kind: "operator", what, ...done }),
  });
  const first = await operators.publishTariff();
  if (!first.ok) throw new Error(`the plan's first tariff: ${first.detail}`);
  await publishLists(db, plan);
  const jobs = every(time, JOBS_MS, async () => {
    if (!customers.hasBookings()) return false;
    await program.runJobs(BOOKING_JOBS);
    return true;
  });
  return {
    credential: site,
    reach: (life) => line.reach(life),
    network,
    cut: (on) => {
      network.cut = on;
      line.changed();
    },
    badWeather: (on) => {
      network.weather = on ? BAD : CALM;
    },
    wake: (forMs) => line.open(forMs),
    openUp: () => line.follow(AS_IT_IS),
    kill: () => {
      program.kill();
      line.changed();
      tell({ kind: "cloud", what: "killed", detail: "" });
    },
    start: async () => {
      if (program.generation() !== null) return;
      await program.start();
      line.changed();
      tell({ kind: "cloud", what: "started", detail: "" });
    },
    backUp: async () => await rows.backUp(site),
    putBack: async (copy) => await rows.putBack(site, copy),
    operate: operators.act,
    book: customers.book,
    cancel: customers.cancel,
    payOnline: customers.pay,
    rows: async () => ({ ...(await readCloudRows(db, site)), wrongAnswers: network.problems }),
    waiting: () => network.underWay > 0,
    close: async () => {
      jobs();
      await program.leave();
      await customers.forget();
      await rows.clear(site);
    },
  };
}

function connect({ program }: SiteGround, site: Site, { time, random, tell, link }: SiteParts) {
  const chance = random.fork("network");
  const drawn = { chance: chance.chance, below: chance.int, one: chance.pick };
  const network = new Network(time, drawn, program, (text) => tell({ kind: "note", text }));
  const line = new Line({
    time,
    plan: link === "windows" ? WINDOWS : SLOW,
    isCut: () => network.cut || program.generation() === null,
    fetchOf: (life) => network.fetchOf(life),
    takeState: (text) => network.post({ path: "/api/edge/state", token: site.token, text }),
  });
  return { network, line };
}

/** @returns what ends it. */
function every(time: VirtualTime, ms: number, work: () => Promise<boolean>): () => void {
  let cancel = (): void => undefined;
  const set = (): void => {
    cancel = time.after(
      ms,
      () => {
        set();
        return work().then(() => undefined);
      },
      { life: null },
    );
  };
  set();
  return () => cancel();
}
