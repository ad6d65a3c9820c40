import { mkdirSync } from "node:fs";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import {
  enrolledSchema,
  enrolmentRefusalSchema,
  enrolmentText,
  type Enrolled,
  type Enrolment,
  type EnrolmentRefusal,
} from "@parkme/shared/protocol/enrolment";
import { type CloudHttp, httpRequest, jsonOf, reasonOf } from "../sync/cloud-http.ts";
import { keyToEnrol, publicTextOf, readIdentity, signText, textOf, writeIdentity } from "./identity-file.ts";

export type EnrolOptions = {
  readonly cloud: CloudHttp;
  readonly dataDir: string;
  /** As `readEnrolmentCode` gives it. */
  readonly code: string;
  readonly facility: { readonly id: string; readonly slug: string };
  readonly name: string;
  /** Enrols anew an edge that has an identity. */
  readonly replace: boolean;
};

/** Why an edge could not enrol; `message` says what to do. */
export type EnrolRefusal = Refusal<
  "enrolled_already" | "data_dir_unusable" | "cloud_unreachable" | "no_cloud" | EnrolmentRefusal["code"]
>;

/**
 * Makes the edge known to the cloud by a code of headquarters, and writes its identity down. Until the cloud has said
 * yes, an identity of before stays as it is. After a lost answer the same call gets the same one.
 */
export async function enrolEdge(
  options: EnrolOptions,
  stopping: AbortSignal,
): Promise<Result<Enrolled, EnrolRefusal>> {
  const { cloud, dataDir, replace } = options;
  const known = readIdentity(dataDir);
  if (!replace && !(known.ok && known.value === null)) {
    const why = known.ok ? `this edge is enrolled already (${known.value?.edge_id ?? ""})` : known.error;
    return err(refusal("enrolled_already", "operator", `${why}: --replace enrols it anew.`));
  }
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const privateKey = keyToEnrol(dataDir, cloud.url);
    const fields = {
      code: options.code,
      facility_id: options.facility.id,
      public_key: publicTextOf(privateKey),
      name: options.name,
    };
    const proof = signText(privateKey, enrolmentText(fields));
    const asked = await ask(options, { ...fields, proof }, stopping);
    if (!asked.ok) return asked;
    const { edge_id, key_id, signing_key, now: enrolled_at } = asked.value;
    writeIdentity(dataDir, {
      cloud_url: cloud.url,
      facility_id: fields.facility_id,
      edge_id,
      key_id,
      name: fields.name,
      private_key: textOf(privateKey),
      signing_key,
      enrolled_at,
    });
    return asked;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `${dataDir} cannot be written to (${why}): see data_dir. Then run this again with the same code.`;
    return err(refusal("data_dir_unusable", "operator", message));
  }
}

async function ask(
  { cloud, facility }: EnrolOptions,
  enrolment: Enrolment,
  stopping: AbortSignal,
): Promise<Result<Enrolled, EnrolRefusal>> {
  const request = {
    path: "/api/edge/enrol",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(enrolment),
  };
  const answer = await httpRequest(cloud, request, stopping).catch((error: unknown) => reasonOf(error));
  if (typeof answer === "string") {
    const message = `${cloud.url} cannot be reached (${answer}). Nothing is lost: run this again with the same code.`;
    return err(refusal("cloud_unreachable", "peer", message));
  }
  const body = jsonOf(answer.bytes);
  const enrolled = answer.status === 200 ? enrolledSchema.safeParse(body) : null;
  if (enrolled?.success === true) return ok(enrolled.data);
  if (answer.status >= 500) {
    const message = `${cloud.url} is in trouble (status ${answer.status}). Run this again with the same code in a moment.`;
    return err(refusal("cloud_unreachable", "peer", message));
  }
  const refused = enrolmentRefusalSchema.safeParse(body);
  if (refused.success) return err(inWords(refused.data, facility.slug));
  const message = `what answers at ${cloud.url} is no ParkMe cloud (status ${answer.status}): check the address.`;
  return err(refusal("no_cloud", "operator", message));
}

function inWords(refused: EnrolmentRefusal, slug: string): EnrolRefusal {
  const { code } = refused;
  switch (code) {
    case "code_unknown":
      return refusal(
        code,
        "operator",
        "the cloud knows no such code: it is mistyped, older than 15 minutes, or a newer one was made. Check it, or have another one made.",
      );
    case "code_used":
      return refusal(
        code,
        "operator",
        "somebody else has enrolled with this code. If that was not you, tell headquarters at once; then have another one made.",
      );
    case "other_facility":
      return refusal(
        code,
        "operator",
        `the code is for ${refused.facility.name} (${refused.facility.slug}), and this edge is set up for ${slug}. The code is still good: use it there, or have one made for ${slug}.`,
      );
    case "invalid":
      return refusal(code, "bug", `the cloud does not understand the request: ${refused.detail}`);
    case "too_many_attempts":
      return refusal(
        code,
        "operator",
        `there were too many attempts from here: try again in ${refused.retry_after_s} seconds.`,
      );
  }
}
