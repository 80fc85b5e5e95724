import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { createCleanUp } from "@doorstep/testkit";
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { createTokenCheck, type VerifyToken } from "../../src/connect/token.ts";
import { sign, unsigned } from "../support/token.ts";

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

const cleanUp = createCleanUp();
let rsa: KeyPair;
let stranger: KeyPair;
let jwks: { status: number; body: string; requests: number };

beforeAll(async () => {
  rsa = await generateKeyPair("RS256", { extractable: true });
  stranger = await generateKeyPair("RS256", { extractable: true });
});
afterEach(() => cleanUp.run());
afterAll(() => cleanUp.run());

/** Serves a JWKS with the key `main` over HTTP and makes a check from it. */
async function startCheck(options: { jwtIssuer?: string } = {}): Promise<VerifyToken> {
  const keys = [{ ...(await exportJWK(rsa.publicKey)), kid: "main", alg: "RS256", use: "sig" }];
  const answer = { status: 200, body: JSON.stringify({ keys }), requests: 0 };
  jwks = answer;
  const server = createServer((_request, response) => {
    answer.requests += 1;
    response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  cleanUp.add(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return createTokenCheck({ jwksUrl: `http://127.0.0.1:${port}/jwks.json`, jwtClockToleranceS: 0, ...options });
}

const inAnHour = (): number => Math.floor(Date.now() / 1_000) + 3_600;
const signRsa = (claims: JWTPayload, { privateKey }: KeyPair = rsa, kid = "main"): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(privateKey);
const claims = (): JWTPayload => ({ sub: "ann", exp: inAnHour() });

describe("tokens checked with a JWKS", () => {
  it("takes an RS256 token and fetches the keys once", async () => {
    const verify = await startCheck();
    const { exp = 0, ...rest } = claims();
    expect(await verify(await signRsa({ ...rest, exp }))).toEqual({ userId: "ann", expiresAtMs: exp * 1_000 });
    await verify(await signRsa(claims()));
    expect(jwks.requests).toBe(1);
  });

  it("takes no HS256 token signed with the public key: a public key is no secret", async () => {
    const verify = await startCheck();
    const pem = await exportSPKI(rsa.publicKey);
    const jwk = JSON.stringify(await exportJWK(rsa.publicKey));
    for (const secret of [pem, pem.trim(), jwk]) {
      const forged = await new SignJWT(claims())
        .setProtectedHeader({ alg: "HS256", kid: "main" })
        .sign(new TextEncoder().encode(secret));
      await expect(verify(forged)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
    }
  });

  it.each([
    ["another key under a known id", () => signRsa(claims(), stranger)],
    ["an unknown key id", () => signRsa(claims(), rsa, "other")],
    ["no signature", async () => unsigned(claims())],
    ["no exp", () => signRsa({ sub: "ann" })],
    ["no sub", () => signRsa({ exp: inAnHour() })],
  ])("refuses %s", async (_name, makeToken) => {
    const verify = await startCheck();
    await expect(verify(await makeToken())).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  it("never asks a URL that the token itself names", async () => {
    const verify = await startCheck();
    const url = "http://127.0.0.1:1/evil.json";
    const token = await new SignJWT(claims())
      .setProtectedHeader({ alg: "RS256", kid: "main", jku: url, jwk: await exportJWK(stranger.publicKey) })
      .sign(stranger.privateKey);
    await expect(verify(token)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });

  it("tells an expired one from an invalid one", async () => {
    const verify = await startCheck();
    await expect(verify(await signRsa({ sub: "ann", exp: 1_000 }))).rejects.toMatchObject({ code: "TOKEN_EXPIRED" });
  });

  it.each([
    ["an error", 503, "{}"],
    ["no JSON", 200, "<html>"],
    ["no keys", 200, '{"keys":5}'],
  ])("P10 does not blame the token where the URL answers with %s", async (_name, status, body) => {
    const verify = await startCheck();
    jwks.status = status;
    jwks.body = body;
    await expect(verify(await signRsa(claims()))).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true });
  });

  it("does not blame the token where the URL cannot be reached", async () => {
    const verify = await startCheck();
    await cleanUp.run();
    await expect(verify(await signRsa(claims()))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe("tokens checked with a secret", () => {
  const jwtSecret = "a secret that is long enough";

  it("takes HS256 only, and counts the tolerance in", async () => {
    const verify = createTokenCheck({ jwtSecret, jwtClockToleranceS: 30 });
    const exp = Math.floor(Date.now() / 1_000) - 10;
    expect(await verify(await sign({ sub: "ann", exp }, jwtSecret))).toEqual({
      userId: "ann",
      expiresAtMs: (exp + 30) * 1_000,
    });
    await expect(verify(await sign({ sub: "ann", exp: exp - 30 }, jwtSecret))).rejects.toMatchObject({
      code: "TOKEN_EXPIRED",
    });
    await expect(verify(await signRsa(claims()))).rejects.toMatchObject({ code: "TOKEN_INVALID" });
    const longer = await new SignJWT(claims())
      .setProtectedHeader({ alg: "HS512" })
      .sign(new TextEncoder().encode(jwtSecret.repeat(4)));
    await expect(verify(longer)).rejects.toMatchObject({ code: "TOKEN_INVALID" });
  });
});
