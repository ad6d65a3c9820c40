import { z } from "zod";
import { compactTyped, CROCKFORD, readLookAlikes } from "../domain/crockford.ts";
import { slugSchema } from "./gate-mqtt.ts";

/**
 * How an edge becomes known to the cloud, and how it signs in from then on.
 *
 * Somebody at headquarters makes a code for a facility; at the edge, `parkme-edge enroll` makes a key pair and sends
 * its public half with the code. The private half never leaves the edge. Access tokens are short-lived: the edge asks
 * for a nonce, signs it, and gets a token. The edge's clock plays no part in any of it.
 */

/** How long a code is good, and for how long an edge that lost the answer may ask again. */
export const ENROLMENT_CODE_MINUTES = 15;

/** 80 bits: sixteen characters. */
export const ENROLMENT_CODE_BYTES = 10;
const CODE_CHARACTERS = 16;
const GROUP = 4;

/** @param bytes {@link ENROLMENT_CODE_BYTES} random ones. @returns the code as it is shown: XXXX-XXXX-XXXX-XXXX. */
export function writeEnrolmentCode(bytes: Uint8Array): string {
  if (bytes.length !== ENROLMENT_CODE_BYTES) throw new RangeError("an enrolment code is made of 10 bytes");
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  let code = "";
  for (let place = CODE_CHARACTERS - 1; place >= 0; place--) {
    code += CROCKFORD[Number((bits >> BigInt(place * 5)) & 31n)] ?? "";
    if (place > 0 && place % GROUP === 0) code += "-";
  }
  return code;
}

/**
 * Reads a code as a person types it: any case, O for 0, I or L for 1, blanks and dashes anywhere.
 *
 * @returns its sixteen characters, which are what is hashed and signed; null = it cannot be a code.
 */
export function readEnrolmentCode(text: string): string | null {
  if (text.length > 64) return null;
  const code = readLookAlikes(compactTyped(text));
  return code?.length === CODE_CHARACTERS ? code : null;
}

const base64 = (length: number) => z.base64().length(length);
const uuid = z.uuid().toLowerCase();

/** Ed25519, SubjectPublicKeyInfo (44 bytes) in base64. */
const edgePublicKeySchema = base64(60);
/** An Ed25519 signature (64 bytes) in base64. */
const signatureSchema = base64(88);

/** `POST /api/edge/enrol`, without authorization. */
export const enrolmentSchema = z.object({
  code: z
    .string()
    .max(64)
    .transform(readEnrolmentCode)
    .pipe(z.string({ error: "is no enrolment code" })),
  /** The facility that the edge is set up for. */
  facility_id: uuid,
  public_key: edgePublicKeySchema,
  /** What the box calls itself: for people who look after several. */
  name: z.string().trim().min(1).max(80),
  /** Over {@link enrolmentText}: whoever enrols a key holds its private half. */
  proof: signatureSchema,
});
export type Enrolment = z.infer<typeof enrolmentSchema>;

/** What the proof of an enrolment covers. `code` as {@link readEnrolmentCode} gives it. */
export function enrolmentText(
  fields: Pick<Enrolment, "code" | "facility_id" | "public_key" | "name">,
): string {
  const { code, facility_id, public_key, name } = fields;
  return `parkme-enrol\n${JSON.stringify([code, facility_id, public_key, name])}`;
}

const enrolledFacilitySchema = z.object({ id: uuid, slug: slugSchema, name: z.string() });

/** 201 to `POST /api/facilities/:facilityId/enrolments`, by somebody who is signed in at headquarters. */
export const enrolmentCodeSchema = z.object({
  /** To be typed in at the edge; shown this once. A newer code for the facility makes it void. */
  code: z.string().length(19),
  facility: enrolledFacilitySchema,
  expires_at: z.iso.datetime(),
});
export type EnrolmentCode = z.infer<typeof enrolmentCodeSchema>;

/** 200. The same request again gives the same answer for as long as the code is good, so a lost answer costs nothing. */
export const enrolledSchema = z.object({
  edge_id: uuid,
  /** Names the key from now on. */
  key_id: uuid,
  facility: enrolledFacilitySchema,
  /** The key that manifests and commands are signed with: Ed25519, SubjectPublicKeyInfo in base64. */
  signing_key: z.string().max(200),
  now: z.iso.datetime(),
});
export type Enrolled = z.infer<typeof enrolledSchema>;

/** Why a code was not taken: the `code` of the problem document. */
export const enrolmentRefusalSchema = z.discriminatedUnion("code", [
  /** 404: mistyped, never made, or too old; these are one answer. */
  z.object({ code: z.literal("code_unknown") }),
  /** 409: somebody else has enrolled with it. Were they meant to? */
  z.object({ code: z.literal("code_used") }),
  /** 409: it is for another facility. It is still good. */
  z.object({ code: z.literal("other_facility"), facility: enrolledFacilitySchema }),
  /** 400: the request itself is not right; `field` says where. */
  z.object({ code: z.literal("invalid"), detail: z.string().max(500) }),
  /** 429: too many attempts; the header retry-after says for how many seconds to wait. */
  z.object({ code: z.literal("too_many_attempts"), retry_after_s: z.number().int().positive() }),
]);
export type EnrolmentRefusal = z.infer<typeof enrolmentRefusalSchema>;

/** `POST /api/edge/nonce`, without a body: a text that one assertion may answer. */
export const nonceAnswerSchema = z.object({
  nonce: z.string().min(16).max(200),
  expires_in_s: z.number().int().positive(),
});
export type NonceAnswer = z.infer<typeof nonceAnswerSchema>;

/** `POST /api/edge/token` */
export const tokenRequestSchema = z.object({
  key_id: uuid,
  nonce: z.string().min(16).max(200),
  /** Over {@link assertionText}. */
  assertion: signatureSchema,
});
export type TokenRequest = z.infer<typeof tokenRequestSchema>;

/** What an assertion covers. */
export function assertionText(keyId: string, nonce: string): string {
  return `parkme-token\n${keyId}\n${nonce}`;
}

export const tokenAnswerSchema = z.object({
  token: z.string().min(22).max(512),
  expires_in_s: z.number().int().positive().max(86_400),
});
export type TokenAnswer = z.infer<typeof tokenAnswerSchema>;

/**
 * 401 on any of an edge's requests. `revoked`: somebody has taken this edge's key or token away, or another box has
 * taken its place. `token_expired`: fetch another. `nonce_spent`: too old, or used before. The others: it is not known.
 */
export const UNAUTHORISED_CODES = [
  "unknown_edge",
  "revoked",
  "token_expired",
  "unknown_key",
  "nonce_spent",
  "bad_assertion",
] as const;
export type UnauthorisedCode = (typeof UNAUTHORISED_CODES)[number];
