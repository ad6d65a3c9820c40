import type { Mail } from "./mail.ts";

/** What people are written. Links carry the token behind `#`, which browsers send to no server and to no other site. */

type To = { readonly email: string; readonly name: string };

export function resetMail({ email, name }: To, publicUrl: string, token: string): Mail {
  const text = `Hello ${name},

somebody asked for a new password for your ParkMe account. If it was you, set it here within the hour:

  ${publicUrl}/#password/${token}

If it was not you, there is nothing to do: the old password stays.
`;
  return { to: email, subject: "Your new ParkMe password", text };
}

export function invitationMail(
  { email, name }: To,
  organisation: string,
  publicUrl: string,
  token: string,
): Mail {
  const text = `Hello ${name},

you have an account with ParkMe to work for ${organisation}. Set your password here within seven days:

  ${publicUrl}/#password/${token}

After that, sign in with this email address.
`;
  return { to: email, subject: `Your ParkMe account at ${organisation}`, text };
}

export function changedMail({ email, name }: To): Mail {
  const text = `Hello ${name},

the password of your ParkMe account was changed, and you are signed out everywhere else.

If it was not you, ask for a new password at once, and tell whoever runs your ParkMe.
`;
  return { to: email, subject: "Your ParkMe password was changed", text };
}
