import type { Clock } from "@parkme/shared/domain/clock";
import type { EdgeConfig } from "../config/load.ts";
import { watchIdentity } from "../enrolment/identity-file.ts";
import type { CloudHttp } from "./cloud-http.ts";
import { type Credential, type CredentialState, enrolledCredential, staticCredential } from "./credential.ts";

type CredentialOptions = {
  readonly cloud: CloudHttp;
  readonly clock: Clock;
  readonly note: {
    readonly info: (fields: object, message: string) => void;
    readonly warn: (fields: object, message: string) => void;
  };
};

const WORDS: Readonly<Record<CredentialState, string>> = {
  ready: "the cloud knows this edge",
  not_enrolled: "this edge is not enrolled, and runs without the cloud: parkme-edge enroll CLOUD_URL CODE",
  revoked:
    "the cloud has taken this edge's access away, or another box has its place; the gate goes on by itself",
  refused: "the cloud does not know this edge's key or token: parkme-edge enroll --replace CLOUD_URL CODE",
};

/** What this edge signs in with, by its configuration; null = it has no cloud. */
export function cloudCredentialOf(config: EdgeConfig, options: CredentialOptions): Credential | null {
  if (config.cloud === undefined) return null;
  const { cloud, clock, note } = options;
  const changed = (state: CredentialState): void => {
    note[state === "ready" ? "info" : "warn"]({ credential: state }, WORDS[state]);
  };
  const { edge_id: edgeId, token_file: tokenFile } = config.cloud;
  if (edgeId !== undefined && tokenFile !== undefined) {
    return staticCredential(edgeId, config.secret(tokenFile), changed);
  }
  const identity = watchIdentity(config.data_dir, (reason) =>
    note.warn({ reason }, "the identity cannot be used: parkme-edge enroll --replace CLOUD_URL CODE"),
  );
  const credential = enrolledCredential({ cloud, identity, clock, changed });
  if (credential.state() === "not_enrolled") note.warn({ credential: "not_enrolled" }, WORDS.not_enrolled);
  return credential;
}
