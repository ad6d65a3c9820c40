import { TARIFF_ID } from "../edge/site-config.ts";
import { z } from "zod";
import type { NewCommand } from "@parkme/shared/protocol/downlink";
import type { Random } from "../../traffic/random.ts";
import { uuidOf } from "../people/uuid.ts";
import type { Deed, DeedKind, SitePlan } from "../schedule.ts";
import type { Ask } from "./people-online.ts";
import type { Organisation } from "./provide.ts";

/** What somebody did, and what they were told. */
export type Done = { readonly ok: boolean; readonly detail: string };

export type OperatorParts = {
  readonly plan: SitePlan;
  readonly organisation: Organisation;
  readonly ask: Ask;
  readonly random: Random;
  /** Something of this kind is there for the gate; `forMs`: the line is up for so long, where it is not always. */
  readonly tellGate: (what: "downlink" | "manifest", forMs: number) => void;
};

/** A gate that has heard of it has done it by then. */
const LINE_MS = 5_000;
/** Of those who act, so many do with a gate whose line is up. */
const ONLINE = 0.7;
const DEADLINES_S = [5, 20, 60, 300] as const;
const versionSchema = z.object({ version: z.number().int() });

/** The people at headquarters, signed in as those who run the place. */
export function createOperators({ plan, organisation, ask, random, tellGate }: OperatorParts) {
  const base = `/api/facilities/${plan.facilityId}`;
  const { owner } = organisation;
  let published = 0;
  const revoked = new Set<string>();

  /** The next of the plan's tariffs, from now on. */
  async function publishTariff(): Promise<Done> {
    const document = plan.tariffs[published];
    if (document === undefined) return { ok: false, detail: "there is no other tariff" };
    const drafted = await ask(owner, {
      method: "POST",
      path: `${base}/tariffs/`,
      body: { tariff_id: TARIFF_ID, document },
    });
    if (!drafted.ok) return { ok: false, detail: drafted.refused };
    const { version } = versionSchema.parse(drafted.body);
    const path = `${base}/tariffs/${TARIFF_ID}/${version}/publish/`;
    const done = await ask(owner, { method: "POST", path, body: {} });
    if (!done.ok) return { ok: false, detail: done.refused };
    published += 1;
    tellGate("manifest", 0);
    return { ok: true, detail: `${TARIFF_ID}@${version}` };
  }

  async function command(act: NewCommand["act"], { choice }: Deed): Promise<Done> {
    const lane = chosen(plan.lanes, choice)?.name ?? null;
    const deadline_s = chosen(DEADLINES_S, random.next()) ?? DEADLINES_S[0];
    const body = { act, lane, reason: `asked for at ${lane ?? "the gate"}`, deadline_s };
    const id = uuidOf(random);
    const isOnline = random.chance(ONLINE);
    const headers = { "idempotency-key": id };
    const done = await ask(owner, { method: "POST", path: `${base}/commands`, body, headers });
    if (done.ok) tellGate("downlink", isOnline ? LINE_MS : 0);
    return {
      ok: done.ok,
      detail: `${act} at ${lane} within ${deadline_s} s${done.ok ? `: ${id}` : `: ${done.refused}`}`,
    };
  }

  async function revokePermit({ choice }: Deed): Promise<Done> {
    const permit = chosen(
      plan.permits.filter(({ id }) => !revoked.has(id)),
      choice,
    );
    if (permit === null) return { ok: false, detail: "nobody has a permit" };
    const path = `${base}/manifest/permits/${encodeURIComponent(permit.id)}`;
    const done = await ask(owner, { method: "DELETE", path });
    if (!done.ok) return { ok: false, detail: `${permit.id}: ${done.refused}` };
    revoked.add(permit.id);
    tellGate("manifest", 0);
    return { ok: true, detail: permit.id };
  }

  const acts: Partial<Record<DeedKind, (deed: Deed) => Promise<Done>>> = {
    tariff_published: publishTariff,
    remote_vend: (deed) => command("vend", deed),
    remote_hold: (deed) => command("hold", deed),
    remote_reset: (deed) => command("reset", deed),
    permit_revoked: revokePermit,
  };
  return {
    publishTariff,
    act: async (deed: Deed): Promise<Done> =>
      (await acts[deed.kind]?.(deed)) ?? { ok: false, detail: `${deed.kind} is not done at headquarters` },
  };
}

function chosen<T>(items: readonly T[], choice: number): T | null {
  return items[Math.min(items.length - 1, Math.floor(choice * items.length))] ?? null;
}
