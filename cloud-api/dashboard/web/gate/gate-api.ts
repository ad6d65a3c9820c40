import type { CommandView, NewCommand } from "@parkme/shared/protocol/downlink";
import type { EnrolmentCode } from "@parkme/shared/protocol/enrolment";
import type { CapacityView } from "../../../capacity/contract.ts";
import type { LinkView } from "../../../fleet/link-contract.ts";

/** What the page of one gate asks the server. Each rejects with words for a person. */

export const readLink = (facilityId: string): Promise<LinkView> => get(facilityId, "link");

export async function readCommands(facilityId: string): Promise<readonly CommandView[]> {
  return (await get<{ readonly commands: readonly CommandView[] }>(facilityId, "commands")).commands;
}

const HOUR_MS = 3_600_000;
const HOURS_AHEAD = 24;

/** From this hour on, for a day. */
export async function readSpaces(facilityId: string): Promise<CapacityView> {
  const fromMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const from = new Date(fromMs).toISOString();
  const until = new Date(fromMs + HOURS_AHEAD * HOUR_MS).toISOString();
  return await get(facilityId, `capacity?${new URLSearchParams({ from, until }).toString()}`);
}

export async function sendCommand(
  facilityId: string,
  command: NewCommand,
  key: string,
): Promise<CommandView> {
  return await ask(facilityId, "commands", {
    method: "POST",
    body: command,
    headers: { "idempotency-key": key },
  });
}

export async function makeEnrolmentCode(facilityId: string): Promise<EnrolmentCode> {
  return await ask(facilityId, "enrolments", { method: "POST" });
}

export async function markSeen(facilityId: string, incidentId: string): Promise<void> {
  await ask(facilityId, `link/incidents/${incidentId}/seen`, { method: "POST" });
}

export async function get<T>(facilityId: string, what: string): Promise<T> {
  return await ask<T>(facilityId, what, { method: "GET" });
}

export function addressOf(facilityId: string, what: string): string {
  return `/api/facilities/${facilityId}/${what}`;
}

type Asked = {
  readonly method: "GET" | "POST";
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
};

async function ask<T>(facilityId: string, what: string, { method, body, headers }: Asked): Promise<T> {
  const response = await fetch(addressOf(facilityId, what), {
    method,
    headers: { "content-type": "application/json", "x-parkme": "1", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(wordsOf(text) ?? `The server answered ${response.status}.`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

function wordsOf(text: string): string | null {
  try {
    const { detail } = JSON.parse(text) as { readonly detail?: unknown };
    return typeof detail === "string" ? detail : null;
  } catch {
    return null;
  }
}
