/** Tokens for the gateways: HS256, for one user, 10 minutes. */
import { SignJWT } from "jose";

export interface TokenSettings {
  readonly jwtSecret: string;
  readonly jwtIssuer?: string | undefined;
  readonly jwtAudience?: string | undefined;
}

const LIFETIME = "10m";

/** Signs a token whose subject is the user. */
export function signToken(settings: TokenSettings, userId: string): Promise<string> {
  const { jwtSecret, jwtIssuer, jwtAudience } = settings;
  const token = new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime(LIFETIME);
  if (jwtIssuer !== undefined) token.setIssuer(jwtIssuer);
  if (jwtAudience !== undefined) token.setAudience(jwtAudience);
  return token.sign(new TextEncoder().encode(jwtSecret));
}
