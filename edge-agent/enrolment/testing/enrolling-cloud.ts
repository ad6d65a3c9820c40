import { createPublicKey, verify } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Enrolled,
  type Enrolment,
  enrolmentSchema,
  enrolmentText,
} from "@parkme/shared/protocol/enrolment";

export const ENROLLED: Enrolled = {
  edge_id: "0197a000-0000-7000-8000-000000000002",
  key_id: "3f2c8a10-0000-4000-8000-000000000001",
  facility: { id: "019ab3c4-0000-7000-8000-000000000001", slug: "demo", name: "Harbour Square" },
  signing_key: "c2lnbmluZw==",
  now: "2026-07-15T12:00:00.000Z",
};

/** What it answers: null = the connection breaks when it has heard everything. */
export type Answer = { readonly status: number; readonly body: string } | null;

export const YES: Answer = { status: 200, body: JSON.stringify(ENROLLED) };

/** A real HTTP server that hears enrolments, checks that they are signed, and answers what it is told to. */
export async function startEnrollingCloud() {
  const heard: Enrolment[] = [];
  const state = { answer: YES };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const enrolment = enrolmentSchema.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
      heard.push(enrolment);
      const { answer } = isSigned(enrolment) ? state : { answer: { status: 418, body: "not signed" } };
      if (answer === null) response.destroy();
      else response.writeHead(answer.status).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    state,
    down: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function isSigned(enrolment: Enrolment): boolean {
  const key = createPublicKey({
    key: Buffer.from(enrolment.public_key, "base64"),
    format: "der",
    type: "spki",
  });
  const text = Buffer.from(enrolmentText(enrolment));
  return verify(null, text, key, Buffer.from(enrolment.proof, "base64"));
}
