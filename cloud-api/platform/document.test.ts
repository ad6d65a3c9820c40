import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { yamlText } from "@parkme/shared/config/yaml-text";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";

type Operation = {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly Record<string, readonly string[]>[];
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
};
type Document = {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

let cloud: TestCloud;
let text: string;
let document: Document;
beforeAll(async () => {
  cloud = await startTestCloud();
  const response = await cloud.app.request("/api/schema/");
  expect(response.headers.get("content-type")).toBe("application/json");
  text = await response.text();
  document = JSON.parse(text) as Document;
});
afterAll(() => cloud.stop());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );

describe("the OpenAPI document", () => {
  it("lists everything that the program answers, and nothing else", () => {
    const shape = (method: string, path: string) =>
      `${method} ${path.replaceAll(/\{\w+\}|:\w+\??/g, "*").replace(/\/$/, "")}`;
    const listed = operations().map(({ method, path }) => shape(method, path));
    const answered = cloud.app.routes
      .filter(({ method, path }) => method !== "ALL" && /^\/(api|ws|healthz|readyz|metrics)/.test(path))
      .filter(({ path }) => !path.startsWith("/api/docs"))
      .map(({ method, path }) => shape(method.toLowerCase(), path));
    const pictures = [
      "get /api/edge/pictures/*",
      "put /api/edge/pictures/*",
      "get /api/facilities/*/pictures/*",
    ];
    expect(new Set(listed)).toEqual(new Set([...answered, ...pictures]));
    expect(listed).toHaveLength(new Set(listed).size);
  });

  it("has a summary, a tag and a name of its own for each", () => {
    const names = operations().map(({ operation }) => operation.operationId);
    expect(names).toHaveLength(new Set(names).size);
    const poor = operations().filter(
      ({ operation: { summary, tags } }) => summary.length < 6 || tags.length !== 1,
    );
    expect(poor).toEqual([]);
    const schemes = operations().flatMap(({ operation }) =>
      operation.security.flatMap((one) => Object.keys(one)),
    );
    expect(new Set(schemes)).toEqual(new Set(Object.keys(document.components["securitySchemes"] ?? {})));
  });

  it("names each member of a path, and refers to nothing that is not in it", () => {
    const unnamed = operations().filter(({ path, operation: { parameters = [] } }) => {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = parameters.filter((one) => one.in === "path").map(({ name }) => name);
      return new Set([...described, ...named]).size !== named.length || described.length !== named.length;
    });
    expect(unnamed).toEqual([]);
    const refs = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? "");
    const dangling = refs.filter((ref) => {
      const [, kind = "", name = ""] = /^#\/components\/(\w+)\/(.+)$/.exec(ref) ?? [];
      return document.components[kind]?.[name] === undefined;
    });
    expect([refs.length > 0, dangling]).toEqual([true, []]);
  });

  it("bounds every text and list that a request may have", () => {
    const unbounded: string[] = [];
    const look = (schema: Record<string, unknown>, place: string): void => {
      const types = [schema["type"]].flat();
      const isBound =
        schema["maxLength"] !== undefined ||
        schema["enum"] !== undefined ||
        schema["const"] !== undefined ||
        schema["format"] !== undefined;
      // A pattern without an open end is a bound as well.
      const pattern = schema["pattern"];
      const isClosed = typeof pattern === "string" && !/[*+]|,\}/.test(pattern.replaceAll(/\\[*+]/g, ""));
      if (types.includes("string") && !isBound && !isClosed) unbounded.push(place);
      if (types.includes("array") && schema["maxItems"] === undefined) unbounded.push(place);
      for (const [name, member] of Object.entries(schema))
        if (typeof member === "object" && member !== null)
          look(member as Record<string, unknown>, `${place}.${name}`);
    };
    for (const { path, method, operation } of operations()) {
      const { requestBody = {} } = operation as { requestBody?: Record<string, unknown> };
      look(requestBody, `${method} ${path}`);
    }
    expect(unbounded).toEqual([]);
  });

  it("is there as YAML too, and not sent again to who has it", async () => {
    const yaml = await cloud.app.request("/api/schema?format=yaml");
    expect(yaml.headers.get("content-type")).toBe("application/yaml; charset=utf-8");
    expect(await yaml.text()).toBe(yamlText(document));
    const first = await cloud.app.request("/api/schema/", { headers: { "accept-encoding": "gzip" } });
    expect(first.headers.get("content-encoding")).toBe("gzip");
    const etag = first.headers.get("etag") ?? "";
    const again = await cloud.app.request("/api/schema/", { headers: { "if-none-match": etag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  });
});
