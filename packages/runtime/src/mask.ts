/** Hides credentials in text that people will read: settings, problem lines, error messages in logs. */

/** What stands in place of a secret. */
export const MASK = "***";

/** Userinfo up to the last `@`: a password with a raw `@` or `/` is hidden whole rather than in part. */
const USER_INFO = /(\b[a-z][a-z0-9+.-]{0,30}:\/\/)([^\s:@/]*:)?\S*@/gi;
const QUERY_SECRET = /([?&][^=&\s]{0,60}(?:password|secret|token|key|signature)=)[^&\s]*/gi;

/** Masks the password (or a lone token) before a URL's host and secrets in its query; any text around stays. */
export function maskUrls(text: string): string {
  return text
    .replace(USER_INFO, (_, scheme: string, user: string | undefined) => `${scheme}${user ?? ""}${MASK}@`)
    .replace(QUERY_SECRET, `$1${MASK}`);
}

/** Masks the value of a setting: as a URL, and if it is a broken one, everything before its last `@`. */
export function maskValue(value: string): string {
  const masked = maskUrls(value);
  return masked === value ? value.replace(/^[^]*@/, `${MASK}@`) : masked;
}
