import type { SignedReceipt } from "@parkme/shared/domain/receipt";
import { type Labelled, receiptText, type Sum } from "./receipt-text.ts";

/**
 * A receipt as a page of its own, for a driver's phone: no scripts, no pictures, light or dark as the phone is.
 * @param pdfPath where the PDF is, relative to the page.
 */
export function receiptPage(signed: SignedReceipt, pdfPath: string): string {
  const { title, issuer, facility, amount, facts, trace, sums, payment, proof } = receiptText(signed, null);
  const heading = title === "RECEIPT" ? "Receipt" : "Credit note";
  return frame(
    `${heading} ${signed.receipt.number}`,
    `<main>
<header>
<p class="issuer">${text(issuer.name)}</p>
${issuer.lines.map((line) => `<p>${text(line)}</p>`).join("\n")}
${facility === issuer.name ? "" : `<p class="facility">${text(facility)}</p>`}
<h1>${text(heading)}</h1>
<p class="amount">${text(amount)}</p>
</header>
${list(facts)}
${trace.length === 0 ? "" : list(trace, "trace")}
<dl class="sums">
${sums.map(sumRow).join("\n")}
</dl>
${list(payment)}
<a class="pdf" href="${text(pdfPath)}">Save as PDF</a>
<details>
<summary>Proof</summary>
${list(proof.filter(({ label }) => label === "Tariff"))}
<p>This receipt is signed. Whoever issued it can prove by this that nothing in it was changed.</p>
<dl class="proof">
<dt>Hash (SHA-256)</dt><dd>${text(signed.hash)}</dd>
<dt>Signature (Ed25519, key ${signed.keyId})</dt><dd>${text(signed.signature)}</dd>
</dl>
</details>
</main>`,
  );
}

/** For an address that leads to no receipt. */
export function noReceiptPage(title: string, sentence: string): string {
  return frame(title, `<main><header><h1>${text(title)}</h1><p>${text(sentence)}</p></header></main>`);
}

function list(rows: readonly Labelled[], name = "facts"): string {
  const items = rows.map(({ label, value }) => `<div><dt>${text(label)}</dt><dd>${text(value)}</dd></div>`);
  return `<dl class="${name}">\n${items.join("\n")}\n</dl>`;
}

function sumRow({ label, value, strong }: Sum): string {
  return `<div${strong ? ' class="strong"' : ""}><dt>${text(label)}</dt><dd>${text(value)}</dd></div>`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Names and reasons come from outside. */
function text(raw: string): string {
  return raw.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
}

function frame(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<title>${text(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

const STYLE = `
:root { --paper: #fff; --ground: #eceef2; --ink: #16181d; --faint: #5d6470; --line: #d5d9e1; --accent: #1856c4; --on-accent: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #1c1f26; --ground: #101216; --ink: #eef0f4; --faint: #a3abb9; --line: #343a46; --accent: #8ab4ff; --on-accent: #0d1526; }
}
* { box-sizing: border-box; margin: 0; }
body { min-height: 100vh; padding: 1.25rem 0.75rem 2.5rem; background: var(--ground); color: var(--ink); font: 1rem/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 26rem; margin: 0 auto; padding: 1.75rem 1.375rem; background: var(--paper); border-radius: 1rem; box-shadow: 0 1px 2px rgb(0 0 0 / 8%), 0 8px 28px rgb(0 0 0 / 8%); }
header { text-align: center; color: var(--faint); font-size: 0.875rem; }
.issuer { color: var(--ink); font-size: 1.125rem; font-weight: 650; }
.facility { margin-top: 0.375rem; color: var(--ink); }
h1 { margin-top: 1.5rem; color: var(--faint); font-size: 0.8125rem; font-weight: 600; letter-spacing: 0.14em; text-transform: uppercase; }
.amount { color: var(--ink); font-size: 2.5rem; font-weight: 700; line-height: 1.2; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
dl { margin-top: 1.125rem; padding-top: 1.125rem; border-top: 1px dashed var(--line); font-variant-numeric: tabular-nums; }
dl > div { display: flex; justify-content: space-between; gap: 1rem; padding: 0.1875rem 0; }
dt { color: var(--faint); }
dd { text-align: right; overflow-wrap: anywhere; }
.trace dt { color: var(--ink); }
.trace dd { flex: none; }
.strong { font-size: 1.125rem; font-weight: 700; }
.strong dt { color: inherit; }
.pdf { display: block; margin-top: 1.5rem; padding: 0.8125rem; border-radius: 0.625rem; background: var(--accent); color: var(--on-accent); font-weight: 600; text-align: center; text-decoration: none; }
.pdf:focus-visible, summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
details { margin-top: 1.25rem; color: var(--faint); font-size: 0.8125rem; }
summary { cursor: pointer; padding: 0.25rem 0; }
details p { margin-top: 0.75rem; }
details dl { margin-top: 0.5rem; padding-top: 0.5rem; }
.proof { border: 0; }
.proof dd { text-align: left; margin-bottom: 0.625rem; font-family: ui-monospace, monospace; font-size: 0.75rem; }
@media print { body { background: none; padding: 0; } main { box-shadow: none; } .pdf, details { display: none; } }
`;
