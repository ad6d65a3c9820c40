const ODD = /[\0\ud800-\udfff]/;

/** PostgreSQL's text holds neither NUL nor half a surrogate pair. */
export function asText(text: string): string {
  return ODD.test(text) ? text.replaceAll(/\0|\p{Cs}/gu, "\uFFFD") : text;
}
