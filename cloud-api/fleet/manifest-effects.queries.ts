import { eq, sql } from "drizzle-orm";
import type { ManifestChange } from "@parkme/shared/protocol/manifest";
import { readEntry } from "@parkme/shared/protocol/manifest-sections";
import type { EventPayload } from "@parkme/shared/protocol/sync";
import type { Tx } from "../db/connection.ts";
import { edges } from "../db/schema.ts";
import type { Effect } from "./effect.ts";
import { entriesIn, publish } from "./manifest.queries.ts";

/** What edges tell that has to do with their manifest. */

const manifestTaken: Effect<"manifest.taken"> = async (tx, edge, told) => {
  const last = told.at(-1);
  if (last === undefined) return;
  await tx.update(edges).set({ manifestVersion: last.payload.version }).where(eq(edges.id, edge.id));
};

/** Keys of a gate itself, so that the box which takes its place proves what the former one has signed. */
const OWN_KEY = "this gate";
const KEPT_OWN_KEYS = 20;

const ticketKeyMade: Effect<"ticket_key.made"> = async (tx, edge, told, now) => {
  for (const { payload } of told) {
    const key = publicTextOf(payload.public_key);
    if (key !== null) await publishOwnKey(tx, edge.facilityId, key, payload, now);
  }
};

/** From now on this one signs: what the one before it has signed until now stays good. */
async function publishOwnKey(
  tx: Tx,
  facilityId: string,
  key: string,
  { at }: EventPayload<"ticket_key.made">,
  now: Date,
): Promise<void> {
  // Two facts of one facility at once would both find the same keys.
  await tx.execute(sql`select 1 from facilities where id = ${facilityId} for no key update`);
  const own = (await entriesIn(tx, facilityId, "ticket_keys")).flatMap((entry) => {
    const read = readEntry(entry);
    if (!read.ok || read.value.section !== "ticket_keys" || read.value.body.title !== OWN_KEY) return [];
    return [read.value.body];
  });
  if (own.some(({ public_key }) => public_key === key)) return;
  const ended = own.filter(({ until }) => until === null).map(({ public_key }) => ownKey(public_key, at));
  const surplus = own
    .filter(({ until }) => until !== null)
    .toSorted((a, b) => (a.until ?? 0) - (b.until ?? 0))
    .slice(0, Math.max(0, own.length + 1 - KEPT_OWN_KEYS))
    .map(({ public_key }) => ({ section: "ticket_keys", key: public_key, body: null }));
  // A facility that has as many foreign keys as there may be keeps those: its own is known to itself.
  await publish(tx, facilityId, [...ended, ...surplus, ownKey(key, null)], now);
}

/** Good for everything before its end: a reprint has the time of the first print, which may be older than the key. */
function ownKey(publicKey: string, until: string | null): ManifestChange {
  const from = new Date(0).toISOString();
  const body = JSON.stringify({ title: OWN_KEY, public_key: publicKey, from, until });
  return { section: "ticket_keys", key: publicKey, body };
}

/** What comes before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

function publicTextOf(spki: string): string | null {
  const der = Buffer.from(spki, "base64");
  if (der.length !== SPKI_PREFIX.length + 32 || !der.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX))
    return null;
  return der.subarray(SPKI_PREFIX.length).toString("base64url");
}

export const MANIFEST_EFFECTS = {
  "manifest.taken": manifestTaken,
  "ticket_key.made": ticketKeyMade,
} as const;
