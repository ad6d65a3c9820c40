import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { assertionText, tokenRequestSchema } from "@parkme/shared/protocol/enrolment";
import type { Identity } from "../credential.ts";

/** A box's key, as an identity and as the cloud knows it. */
export function keyPair(keyId: string): { readonly identity: Identity; readonly publicKey: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const signText = (text: string) => sign(null, Buffer.from(text), privateKey).toString("base64");
  return { identity: { edgeId: "0197a000-0000-7000-8000-000000000002", keyId, sign: signText }, publicKey };
}

type Doom = { readonly status: number; readonly body: string } | "silence";

/**
 * A real HTTP server that gives nonces and tokens as the cloud does, and takes anything else with a token that it gave.
 * `doom` decides over each request by its path; undefined = it is answered.
 */
export async function startTokenCloud(doom: (path: string) => Doom | undefined = () => undefined) {
  const keys = new Map<string, KeyObject>();
  const revoked = new Set<string>();
  const tokens = new Map<string, string>();
  const nonces = new Set<string>();
  const asked: string[] = [];

  function tokenFor(body: string): [status: number, body: object] {
    const { key_id: keyId, nonce, assertion } = tokenRequestSchema.parse(JSON.parse(body));
    const key = keys.get(keyId);
    if (!nonces.delete(nonce)) return [401, { code: "nonce_spent" }];
    if (key === undefined) return [401, { code: "unknown_key" }];
    const text = Buffer.from(assertionText(keyId, nonce));
    if (
      !verify(
        null,
        text,
        createPublicKey(key.export({ format: "pem", type: "spki" })),
        Buffer.from(assertion, "base64"),
      )
    )
      return [401, { code: "bad_assertion" }];
    if (revoked.has(keyId)) return [401, { code: "revoked" }];
    const token = randomBytes(32).toString("base64url");
    tokens.set(token, keyId);
    return [200, { token, expires_in_s: 600 }];
  }

  function answer(path: string, authorization: string, body: string): [status: number, body: object] {
    if (path === "/api/edge/nonce") {
      const nonce = randomBytes(24).toString("base64url");
      nonces.add(nonce);
      return [200, { nonce, expires_in_s: 60 }];
    }
    if (path === "/api/edge/token") return tokenFor(body);
    const keyId = tokens.get(authorization.replace("Bearer ", ""));
    if (keyId === undefined) return [401, { code: "token_expired" }];
    return revoked.has(keyId) ? [401, { code: "revoked" }] : [200, { by: keyId }];
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = request.url ?? "";
      asked.push(path);
      const fate = doom(path);
      if (fate === "silence") return;
      if (fate !== undefined) return send(response, fate.status, fate.body);
      const [status, body] = answer(
        path,
        request.headers.authorization ?? "",
        Buffer.concat(chunks).toString("utf8"),
      );
      send(response, status, JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    revoked,
    /** The paths that were asked for, in their order. */
    asked,
    /** All tokens so far are over. */
    expire: () => tokens.clear(),
    down: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(body);
}
