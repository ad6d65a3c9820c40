import { createServer, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { contentDigest, httpRequest } from "./cloud-http.ts";
import { askCloud } from "./cloud-request.ts";
import { staticCredential } from "./credential.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

type Heard = { readonly digest: string | undefined; readonly body: string };

/** A server that answers with this text, under this digest. */
async function answering(text: string, digest?: string): Promise<{ url: string; heard: Heard[] }> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      heard.push({ digest: request.headers["content-digest"]?.toString(), body });
      response.writeHead(200, digest === undefined ? {} : { "content-digest": digest }).end(text);
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}`, heard };
}

const stopping = new AbortController().signal;
// By RFC 9530, appendix D.
const WORLD = '{"hello": "world"}\n';
const DIGEST = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";

describe("a digest of what is sent", () => {
  it("is that of RFC 9530", () => {
    expect(contentDigest(WORLD)).toBe(DIGEST);
  });

  it("shows that an answer was damaged on its way", async () => {
    const { url } = await answering(WORLD.replace("w", "v"), DIGEST);
    await expect(httpRequest({ url }, { path: "/" }, stopping)).rejects.toThrow(/damaged on its way/);
  });

  it.each([
    ["of an answer that is whole", DIGEST],
    ["of an answer without one", undefined],
  ])("is no hindrance: %s", async (_what, digest) => {
    const { url } = await answering(WORLD, digest);
    const { bytes } = await httpRequest({ url }, { path: "/" }, stopping);
    expect(bytes?.toString()).toBe(WORLD);
  });

  it("goes with everything that is asked with a body", async () => {
    const { url, heard } = await answering("{}");
    const address = { url, credential: staticCredential("edge", "token") };
    await askCloud(address, "/api/edge/hello", stopping, { some: "täxt" });
    await askCloud(address, "/api/edge/downlink", stopping);
    const body = '{"some":"täxt"}';
    expect(heard).toEqual([
      { digest: contentDigest(body), body },
      { digest: undefined, body: "" },
    ]);
  });
});
