/** Makes the link of a receipt out of its token. `url` = where drivers reach this agent; without it there is no link. */
export function receiptLinkOf(url: string | undefined): (token: string) => string | null {
  const base = url?.replace(/\/+$/, "");
  return (token) => (base === undefined ? null : `${base}/r/${token}`);
}
