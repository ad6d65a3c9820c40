import { hash } from "node:crypto";
import { bucketOf, entryHash, type Sha256 } from "@parkme/shared/protocol/manifest-digest";
import {
  type ManifestHeader,
  manifestHeaderSchema,
  type ManifestLine,
  manifestLineSchema,
} from "@parkme/shared/protocol/manifest";
import type { StoredEntry } from "../store/manifest-entries.ts";

/** A page of a manifest as it comes from the cloud: a header, then entries, one a line. */

/** What the cloud sent is not right, in words for a person. */
export class ManifestProblem extends Error {}

export const sha256: Sha256 = (text) => hash("sha256", text);

export type Page = { readonly header: ManifestHeader; readonly lines: readonly string[] };

/** The header alone is read here: entries are read one by one as they are kept. */
export function readPage(bytes: Uint8Array): Page {
  const lines = new TextDecoder().decode(bytes).split("\n");
  const end = lines.pop();
  if (end !== "") throw new ManifestProblem("a page of it does not end");
  const header = manifestHeaderSchema.safeParse(readJson(lines.shift() ?? ""));
  if (!header.success) throw new ManifestProblem("its header cannot be read");
  return { header: header.data, lines };
}

export function entryOf(line: string): StoredEntry {
  const read = manifestLineSchema.safeParse(readJson(line));
  if (!read.success) throw new ManifestProblem("an entry of it cannot be read");
  const [section, key, body]: ManifestLine = read.data;
  return {
    section,
    key,
    body,
    hash: body === null ? "" : entryHash({ section, key, body }, sha256),
    bucket: bucketOf(section, key, sha256),
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
