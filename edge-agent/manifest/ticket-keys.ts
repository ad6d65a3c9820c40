import type { SectionBody } from "@parkme/shared/protocol/manifest-sections";
import type { Keyring, KeyView } from "../tickets/keyring.ts";

/** What keys of the manifest are called beside those that somebody added by hand. */
const OF_MANIFEST = " (headquarters)";

/**
 * Makes the gate trust the keys of the manifest: what other gates and this one's former keys have signed is good. A key
 * that the manifest does not name any more is good for nothing that is issued from now on. The gate's own keys and those
 * that were added by hand stay as they are.
 *
 * @returns what could not be done, in words; the others are.
 */
export function trustManifestKeys(
  keyring: Pick<Keyring, "keys" | "trust">,
  wanted: readonly SectionBody<"ticket_keys">[],
  nowMs: number,
): readonly string[] {
  const known = new Map(keyring.keys().map((key) => [key.publicText, key]));
  const problems: string[] = [];
  const trust = (foreign: Parameters<Keyring["trust"]>[0]): void => {
    const done = keyring.trust(foreign);
    if (!done.ok) problems.push(`${foreign.title}: ${done.error.message}`);
  };
  for (const { title, public_key: publicText, from: fromMs, until: untilMs } of wanted) {
    const key = known.get(publicText);
    if (key !== undefined && !isOfManifest(key)) continue;
    if (key?.fromMs === fromMs && key.untilMs === untilMs) continue;
    trust({ title: `${title}${OF_MANIFEST}`, publicText, fromMs, untilMs });
  }
  const named = new Set(wanted.map(({ public_key }) => public_key));
  for (const key of known.values()) {
    if (!isOfManifest(key) || named.has(key.publicText)) continue;
    if (key.untilMs !== null && key.untilMs <= nowMs) continue;
    const { title, publicText, fromMs } = key;
    trust({ title, publicText, fromMs, untilMs: Math.max(nowMs, fromMs + 1) });
  }
  return problems;
}

function isOfManifest({ origin, title }: KeyView): boolean {
  return origin === "foreign" && title.endsWith(OF_MANIFEST);
}
