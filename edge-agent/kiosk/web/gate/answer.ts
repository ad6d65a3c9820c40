/**
 * What became of a request. `refused` is definite: the gate understood and did nothing. `unanswered` is not:
 * it may have been done, so it may only be asked again under the same key.
 */
export type Answer<T> =
  | { readonly kind: "done"; readonly value: T }
  | {
      readonly kind: "refused";
      readonly status: number;
      /** Stable, for the page to decide by; empty where the gate gave none. */
      readonly code: string;
      readonly message: string;
      readonly retryAfterS: number;
    }
  | { readonly kind: "signed_out" }
  | { readonly kind: "unanswered"; readonly message: string };
