import type { Scope } from "../db/tenancy.ts";

/** What an API key may do. */
export const KEY_SCOPES = [
  "facilities:read",
  "facilities:write",
  "occupancy:write",
  "bookings:read",
  "bookings:write",
  "payments:read",
  "enforcement:write",
  "reports:read",
] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

export type Role = Exclude<Scope["role"], "anyone">;

/** Who a request comes from. A key acts as staff of the facilities that it is for, within its scopes. */
export type Principal = Scope & {
  readonly role: Role;
  readonly actorId: string;
  /** A person, or a program with a key. */
  readonly kind: "user" | "key";
  /** As the audit log shows it: an email, or the name of a key. */
  readonly name: string;
  readonly email: string | null;
  /** Null = a person, who may do what their role may. */
  readonly keyScopes: readonly KeyScope[] | null;
  /** The sign-in that the token is of; null = a cookie of the dashboard, or a key. */
  readonly signInId: string | null;
};

export function runsFacility(principal: Scope, facilityId: string): boolean {
  return principal.role === "admin" || principal.facilityIds.includes(facilityId);
}

/** A person who is signed in, by a token or by the dashboard's cookie. */
export type Session = {
  readonly principal: Principal;
  readonly userId: string;
  readonly email: string;
  /** As people call them. */
  readonly name: string;
  readonly organisation: { readonly id: string; readonly name: string } | null;
};

/** `session` null = a program with a key. */
export type SignedIn = { readonly principal: Principal; readonly session: Session | null };
