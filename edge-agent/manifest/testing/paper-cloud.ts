import { generateKeyPairSync, sign } from "node:crypto";
import {
  type ManifestChange,
  type ManifestHeader,
  type ManifestLine,
  signedManifestText,
} from "@parkme/shared/protocol/manifest";
import { bucketDigest, bucketOf, entryHash, manifestDigest } from "@parkme/shared/protocol/manifest-digest";
import { sha256 } from "../page.ts";

/**
 * What an edge meets of a cloud that publishes a manifest, on paper: entries with the version that said so last, told in
 * that order. It keeps nothing but what it says, computes every digest anew, and can be set back.
 */
export const FACILITY_ID = "0192a000-0000-7000-8000-000000000001";

type Said = { readonly body: string | null; readonly version: number };
type State = {
  readonly version: number;
  readonly entries: ReadonlyMap<string, Said>;
  readonly known: readonly string[];
};
type Told = readonly [name: string, said: Said];
type Place = { readonly full: boolean; readonly since: number; readonly after: readonly [number, string] };

export type PaperCloud = ReturnType<typeof createPaperCloud>;

export function createPaperCloud(pageEntries = 2_000) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  let state: State = { version: 0, entries: new Map(), known: [] };
  let madeMs = Date.UTC(2026, 0, 1);

  function publish(changes: readonly ManifestChange[], version = state.version + 1): void {
    const entries = new Map(state.entries);
    for (const { section, key, body } of changes) entries.set(`${section}\0${key}`, { body, version });
    madeMs += 1_000;
    state = { version, entries, known: state.known };
    state = { version, entries, known: [...state.known, `${version} ${whole().digest}`] };
  }

  function inForce(): ReadonlyMap<string, string> {
    return new Map(
      [...state.entries].flatMap(([name, { body }]) => (body === null ? [] : [[name, body] as const])),
    );
  }

  /** Of the state that it was computed for. */
  let computed: {
    readonly of: State["entries"];
    readonly digest: string;
    readonly told: readonly Told[];
  } | null = null;

  /** The digest of everything, and everything in the order in which it is told. */
  function whole() {
    if (computed?.of === state.entries) return computed;
    const told = [...state.entries].toSorted(([a, x], [b, y]) => x.version - y.version || (a < b ? -1 : 1));
    computed = { of: state.entries, digest: digest(), told };
    return computed;
  }

  function digest(): string {
    const hashes = new Map<number, string[]>();
    for (const [name, body] of inForce()) {
      const [section, key] = namesIn(name);
      const bucket = bucketOf(section, key, sha256);
      const hash = entryHash({ section, key, body }, sha256);
      const others = hashes.get(bucket);
      if (others === undefined) hashes.set(bucket, [hash]);
      else others.push(hash);
    }
    return manifestDigest(
      new Map([...hashes].map(([bucket, of]) => [bucket, bucketDigest(of, sha256)])),
      sha256,
    );
  }

  function page({ full, since, after: [version, name] }: Place): {
    header: ManifestHeader;
    lines: ManifestLine[];
  } {
    const left = whole()
      .told.filter(([, said]) => said.body !== null || said.version > since)
      .filter(([at, said]) => said.version > version || (said.version === version && at > name));
    const on = left.slice(0, pageEntries);
    const last = on.at(-1);
    const next =
      last !== undefined && on.length < left.length
        ? { full, since, after: [last[1].version, last[0]] }
        : null;
    const signed = {
      facility_id: FACILITY_ID,
      version: state.version,
      digest: whole().digest,
      entries: inForce().size,
      made_at: new Date(madeMs).toISOString(),
    };
    const signature = sign(null, Buffer.from(signedManifestText(signed)), privateKey).toString("base64");
    const header = { ...signed, signature, full, next: next === null ? null : encode(next) };
    return { header, lines: on.map(([at, { body }]) => [...namesIn(at), body]) };
  }

  function answer(path: string): { status: number; bytes: Buffer | null } {
    const query = new URL(path, "http://paper").searchParams;
    const cursor = query.get("cursor");
    const have = Number(query.get("have"));
    const had = `${have} ${query.get("digest") ?? ""}`;
    const newest = state.known.at(-1);
    if (cursor === null && newest !== undefined && had !== newest && have >= state.version)
      publish([], have + 1);
    if (cursor === null && (newest === undefined || had === newest)) return { status: 204, bytes: null };
    const full = !state.known.includes(had);
    const beginning = { full, since: full ? state.version : 0, after: [full ? 0 : have, "\uffff"] as const };
    const place = cursor === null ? beginning : decode(cursor);
    const { header, lines } = page(place);
    const text = [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join("");
    return { status: 200, bytes: Buffer.from(text) };
  }

  return {
    publish,
    inForce,
    answer,
    version: () => state.version,
    /** A copy of everything, to be set back to later. */
    backup: (): State => state,
    restore: (backup: State): void => {
      state = backup;
    },
    signingKey: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
  };
}

function namesIn(name: string): [section: string, key: string] {
  const [section = "", key = ""] = name.split("\0");
  return [section, key];
}

function encode(place: object): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

function decode(cursor: string): Place {
  return JSON.parse(Buffer.from(cursor, "base64url").toString()) as Place;
}
