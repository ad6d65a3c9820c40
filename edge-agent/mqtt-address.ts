import type { EdgeConfig } from "./config/load.ts";

/** Where the broker is, and how to sign in to it. */
export function mqttOf({ mqtt, secret }: EdgeConfig) {
  const { url, username, password_file } = mqtt;
  return {
    url,
    ...(username === undefined ? {} : { username }),
    ...(password_file === undefined ? {} : { password: secret(password_file) }),
  };
}
