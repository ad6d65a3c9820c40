import { createHash, createPublicKey, randomBytes, randomUUID } from "node:crypto";
import { createIdMint, type EdgeId } from "@parkme/shared/domain/ids";
import {
  ENROLMENT_CODE_BYTES,
  ENROLMENT_CODE_MINUTES,
  enrolmentText,
  readEnrolmentCode,
  writeEnrolmentCode,
  type Enrolment,
} from "@parkme/shared/protocol/enrolment";
import type { Db, Tx } from "../db/connection.ts";
import { asText } from "../db/text.ts";
import type { FacilityName } from "../facilities/queries.ts";
import { isSignedBy } from "./edge-tokens.ts";
import {
  addEdge,
  addKey,
  findCode,
  keepCode,
  lockEdgeOf,
  revokeEdge,
  useCode,
  type FormerEdge,
} from "./enrolment.queries.ts";
import { raiseIncident } from "./incidents.queries.ts";

/** Codes that enrol edges, and what becomes of them. See shared/protocol/enrolment. */

export type NewCode = {
  /** As it is shown; what is kept of it is a hash. */
  readonly code: string;
  readonly expiresAt: Date;
};

/** Makes a code for a facility. One of before that nobody has used is void. */
export async function makeEnrolmentCode(
  db: Db,
  facilityId: string,
  madeBy: string,
  now: Date,
): Promise<NewCode> {
  const code = writeEnrolmentCode(randomBytes(ENROLMENT_CODE_BYTES));
  const expiresAt = new Date(now.getTime() + ENROLMENT_CODE_MINUTES * 60_000);
  const codeHash = hashCode(readEnrolmentCode(code) ?? "");
  await keepCode(db, { codeHash, facilityId, madeBy: asText(madeBy), expiresAt }, now);
  return { code, expiresAt };
}

export type EnrolmentOutcome =
  | {
      readonly kind: "enrolled";
      readonly edgeId: string;
      readonly keyId: string;
      readonly facility: FacilityName;
    }
  | { readonly kind: "bad_key" | "bad_proof" | "code_unknown" | "code_used" }
  | { readonly kind: "other_facility"; readonly facility: FacilityName };

/**
 * Takes a key for the edge of a facility. In one transaction the code is used up, whatever the edge signed in with
 * before is revoked, and the key is in force. The same request again is answered alike for as long as the code would
 * have been good: its first answer may have been lost.
 */
export async function enrol(db: Db, enrolment: Enrolment, now: Date): Promise<EnrolmentOutcome> {
  const publicKey = Buffer.from(enrolment.public_key, "base64");
  if (!isEd25519(publicKey)) return { kind: "bad_key" };
  if (!isSignedBy(publicKey, enrolmentText(enrolment), enrolment.proof)) return { kind: "bad_proof" };
  const keyId = randomUUID();
  const codeHash = hashCode(enrolment.code);
  return await db.transaction(async (tx) => {
    const use = { codeHash, facilityId: enrolment.facility_id, keyId };
    if (!(await useCode(tx, use, now))) return await whyNot(tx, enrolment, publicKey, now);
    const edgeId = await takePlace(tx, { ...enrolment, name: asText(enrolment.name), keyId, publicKey }, now);
    const facility = (await findCode(tx, codeHash, now))?.facility;
    if (facility === undefined) throw new Error("a code that was just used is gone");
    return { kind: "enrolled", edgeId, keyId, facility };
  });
}

/** A code was not to be used: because it is none, because it was used before, perhaps by the same box. */
async function whyNot(
  tx: Tx,
  { code, facility_id: facilityId }: Enrolment,
  publicKey: Buffer,
  now: Date,
): Promise<EnrolmentOutcome> {
  const known = await findCode(tx, hashCode(code), now);
  if (known === null) return { kind: "code_unknown" };
  const { facility, used, key } = known;
  if (facility.id === facilityId && key !== null && key.publicKey.equals(publicKey)) {
    return { kind: "enrolled", edgeId: key.edgeId, keyId: key.id, facility };
  }
  return used ? { kind: "code_used" } : { kind: "other_facility", facility };
}

type Newcomer = Pick<Enrolment, "facility_id" | "name"> & {
  readonly keyId: string;
  readonly publicKey: Buffer;
};

/** @returns the edge that the newcomer is from now on: the facility's, or a new one where it has none. */
async function takePlace(tx: Tx, newcomer: Newcomer, now: Date): Promise<string> {
  const { facility_id: facilityId, name, keyId, publicKey } = newcomer;
  const former = await lockEdgeOf(tx, facilityId);
  const edgeId = former?.id ?? createIdMint((length) => randomBytes(length)).next<EdgeId>(now.getTime());
  if (former === null) await addEdge(tx, edgeId, facilityId);
  await revokeEdge(tx, edgeId, `the enrolment of ${name}`, now);
  await addKey(tx, { id: keyId, edgeId, publicKey, name }, now);
  const replaced = former === null ? null : nameOfReplaced(former, publicKey);
  if (replaced !== null) {
    const detail = `${name} has enrolled in place of ${replaced}`;
    await raiseIncident(tx, { facilityId, edgeId, kind: "replaced", detail }, now);
  }
  return edgeId;
}

/** Null = nobody was: the same box has enrolled its key again, or there was none yet. */
function nameOfReplaced({ key, byToken }: FormerEdge, publicKey: Buffer): string | null {
  if (key !== null) return key.publicKey.equals(publicKey) ? null : key.name;
  return byToken ? "an edge with a token file" : null;
}

function isEd25519(publicKey: Buffer): boolean {
  try {
    const key = createPublicKey({ key: publicKey, format: "der", type: "spki" });
    // Written back: a key has one spelling, so that the same key is known again.
    return (
      key.asymmetricKeyType === "ed25519" && key.export({ format: "der", type: "spki" }).equals(publicKey)
    );
  } catch {
    return false;
  }
}

function hashCode(code: string): Buffer {
  return createHash("sha256").update(`parkme-code\n${code}`).digest();
}
