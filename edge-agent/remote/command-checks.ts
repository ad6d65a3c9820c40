import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { type RemoteCommand, signedCommandText } from "@parkme/shared/protocol/downlink";

/** Why a command is not done. `suspicious` = it may be somebody else's than headquarters'. */
export type Objection = {
  readonly outcome: "refused" | "late";
  readonly detail: string;
  readonly suspicious: boolean;
};

export type CommandContext = {
  readonly facilityId: string;
  /** The cloud's key, as it was seen first: Ed25519, SubjectPublicKeyInfo in base64. */
  readonly signingKey: string | null;
  /** The history that this gate's log is in. */
  readonly epoch: number;
  /** The cloud's clock, Unix milliseconds; null = not known. */
  readonly cloudNowMs: number | null;
  readonly lanes: { readonly has: (lane: string) => boolean };
};

/** What speaks against doing a command here and now; null = nothing. */
export function objectionTo(command: RemoteCommand, context: CommandContext): Objection | null {
  if (!isSigned(command, context.signingKey)) return suspicious("it is not signed by the cloud");
  if (command.facility_id.toLowerCase() !== context.facilityId.toLowerCase())
    return suspicious("it is for another facility");
  if (command.epoch !== context.epoch)
    return refused("it was given before this gate was restored: what became of it is not known here");
  if (context.cloudNowMs === null || context.cloudNowMs > Date.parse(command.expires_at))
    return { outcome: "late", detail: "it came after its deadline", suspicious: false };
  if (command.lane !== null && !context.lanes.has(command.lane))
    return refused(`there is no lane ${command.lane}`);
  return null;
}

function suspicious(detail: string): Objection {
  return { outcome: "refused", detail, suspicious: true };
}

function refused(detail: string): Objection {
  return { outcome: "refused", detail, suspicious: false };
}

function isSigned(command: RemoteCommand, signingKey: string | null): boolean {
  const key = signingKey === null ? null : publicKeyOf(signingKey);
  if (key === null) return false;
  const text = Buffer.from(signedCommandText(command), "utf8");
  return verify(null, text, key, Buffer.from(command.signature, "base64"));
}

function publicKeyOf(base64: string): KeyObject | null {
  try {
    const key = createPublicKey({ key: Buffer.from(base64, "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyType === "ed25519" ? key : null;
  } catch {
    return null;
  }
}
