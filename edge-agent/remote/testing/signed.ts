import { generateKeyPairSync, randomUUID, sign, type KeyObject } from "node:crypto";
import { type RemoteCommand, signedCommandText } from "@parkme/shared/protocol/downlink";

/** Commands as the cloud signs them. */

const keys = generateKeyPairSync("ed25519");

/** The public half: SubjectPublicKeyInfo in base64. */
export const SIGNING_KEY = keys.publicKey.export({ format: "der", type: "spki" }).toString("base64");
export const FACILITY_ID = "019ab3c4-0000-7000-8000-000000000001";

/** A command for the entry, good for half a minute from `issuedMs` by the cloud's clock. */
export function signedCommand(
  issuedMs: number,
  more: Partial<Omit<RemoteCommand, "signature">> = {},
  key: KeyObject = keys.privateKey,
): RemoteCommand {
  const command = {
    command_id: randomUUID(),
    facility_id: FACILITY_ID,
    act: "vend" as const,
    lane: "entry",
    ticket_number: null,
    actor: "Robin",
    reason: "the driver rang",
    issued_at: new Date(issuedMs).toISOString(),
    expires_at: new Date(issuedMs + 30_000).toISOString(),
    epoch: 1,
    ...more,
  };
  const signature = sign(null, Buffer.from(signedCommandText(command)), key).toString("base64");
  return { ...command, signature };
}
