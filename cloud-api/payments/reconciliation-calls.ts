import { z } from "@hono/zod-openapi";
import type { Api } from "../platform/api.ts";
import { cutPage, pageOf, pageQuery, readCursor } from "../platform/pages.ts";
import { refuse } from "../platform/refusal.ts";
import { findProvider, type PaymentDeps } from "./ask-provider.ts";
import { listReconciliations } from "./ledger.queries.ts";
import { ProviderError } from "./providers/contract.ts";
import { dayOf, reconcileDay } from "./reconcile.ts";
import { reconciliationSchema, reconciliationView } from "./views.ts";

/** Providers are the platform's, and so are their days: of all tenants together. */
export function reconciliationCalls(api: Api, deps: PaymentDeps): void {
  api.bare(
    {
      method: "get",
      path: "/api/payments/reconciliations/",
      tag: "payments",
      summary: "Providers' own lists of a UTC day, held against the ledger; newest day first",
      access: ["admin"],
      query: z.strictObject({
        ...pageQuery,
        provider: z.string().max(30).optional(),
        differing: z.enum(["true", "false"]).default("false"),
      }),
      answer: pageOf(reconciliationSchema),
    },
    async ({ query }) => {
      const place = z.tuple([z.iso.date(), z.string().max(30), z.string().max(3)]);
      const after = readCursor(query.cursor, place);
      const filter = { provider: query.provider, differing: query.differing === "true" };
      const rows = await listReconciliations(deps.db, filter, after, query.limit + 1);
      const page = cutPage(rows, query.limit, ({ day, provider, currency }) => [day, provider, currency]);
      return { items: page.rows.map(reconciliationView), next_cursor: page.next_cursor };
    },
  );

  api.bare(
    {
      method: "post",
      path: "/api/payments/reconciliations/",
      tag: "payments",
      summary: "Looks at a day once more",
      access: ["admin"],
      body: z.strictObject({ provider: z.string().min(1).max(30), day: z.iso.date() }),
      answer: z.array(reconciliationSchema),
    },
    async ({ body, now }) => {
      const provider = findProvider(deps, body.provider);
      if (provider === null) return refuse(400, "unknown_provider", "no such provider is set up", "provider");
      if (provider.entries === null)
        return refuse(409, "no_list", `${provider.name} keeps no list`, "provider");
      if (body.day >= dayOf(now)) return refuse(400, "invalid", "must be a day that is over", "day");
      try {
        return (await reconcileDay(deps, provider, body.day, now)).map(reconciliationView);
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        return refuse(503, "provider_away", error.message);
      }
    },
  );
}
