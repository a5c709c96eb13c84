// Drives a served reference with amazon-cognito-identity-js; jose verifies the tokens.
//
// Usage: node journey.mjs URL REQUEST, where REQUEST is a file with the id of a pool and of a
// client as JSON: {"pool": …, "client": …}. The pool remembers devices and offers TOTP.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createRemoteJWKSet, jwtVerify } from "jose";
import otplib from "otplib";

const require = createRequire(import.meta.url);
const cognito = require("amazon-cognito-identity-js");

const [url, request] = process.argv.slice(2);
const { pool: poolId, client: clientId } = JSON.parse(readFileSync(request, "utf8"));
const storage = new Map();
const Storage = {
  setItem: (name, value) => storage.set(name, value),
  getItem: (name) => storage.get(name) ?? null,
  removeItem: (name) => storage.delete(name),
  clear: () => storage.clear(),
};
const pool = new cognito.CognitoUserPool({
  UserPoolId: poolId,
  ClientId: clientId,
  endpoint: url,
  Storage,
});
const password = "Journey-Passw0rd!";
const newPassword = "Journey-Passw0rd-2!";
const username = `cid-${Math.random().toString(36).slice(2, 10)}`;

const step = (text) => console.log(`  ${text}`);
const equal = (found, wanted, what) => {
  if (found !== wanted) throw new Error(`${what}: ${found} instead of ${wanted}`);
};
/** Calls a function that takes (error, result) last. */
const call = (f) =>
  new Promise((resolve, reject) => f((error, result) => (error ? reject(error) : resolve(result))));
/** Calls a function that takes callbacks by name; resolves to the name and value of the one called. */
const named = (f, names = []) =>
  new Promise((resolve, reject) => {
    const callbacks = { onFailure: reject };
    for (const name of ["onSuccess", ...names]) {
      callbacks[name] = (...values) => resolve([name, ...values]);
    }
    f(callbacks);
  });
const code = async () => {
  const query = new URLSearchParams({ UserPoolId: poolId, Username: username });
  const messages = await (await fetch(`${url}/_reference/outbox?${query}`)).json();
  return messages.at(-1).Code;
};
const verify = async (token, use) => {
  const keys = createRemoteJWKSet(new URL(`${url}/${poolId}/.well-known/jwks.json`));
  const { payload } = await jwtVerify(token, keys, {
    issuer: `https://cognito-idp.us-east-1.amazonaws.com/${poolId}`,
    algorithms: ["RS256"],
    ...(use === "id" ? { audience: clientId } : {}),
  });
  equal(payload.token_use, use, "token_use");
  return payload;
};
const details = (secret) =>
  new cognito.AuthenticationDetails({ Username: username, Password: secret });

console.log("amazon-cognito-identity-js", require("amazon-cognito-identity-js/package.json").version);
const email = new cognito.CognitoUserAttribute({ Name: "email", Value: "cid@example.com" });
await call((done) => pool.signUp(username, password, [email], null, done));
let user = new cognito.CognitoUser({ Username: username, Pool: pool, Storage });
await call(async (done) => user.confirmRegistration(await code(), false, done));
step("signed up and confirmed");

let [outcome, session, askDevice] = await named((on) => user.authenticateUser(details(password), on));
equal(outcome, "onSuccess", "sign-in");
equal((await verify(session.getAccessToken().getJwtToken(), "access")).username, username, "username");
await verify(session.getIdToken().getJwtToken(), "id");
step("signed in with SRP, tokens verified by jose");

equal(askDevice, true, "the client asks whether to remember the device");
await named((on) => user.setDeviceStatusRemembered(on));
const listed = await named((on) => user.listDevices(5, null, on));
equal(listed[1].Devices.length, 1, "devices");
step("device confirmed with its own verifier and remembered");

const [, secret] = await named((on) => user.associateSoftwareToken(on), ["associateSecretCode"]);
await named((on) => user.verifySoftwareToken(otplib.authenticator.generate(secret), "phone", on));
const totp = { PreferredMfa: true, Enabled: true };
await call((done) => user.setUserMfaPreference(null, totp, done));
storage.clear();
user = new cognito.CognitoUser({ Username: username, Pool: pool, Storage });
[outcome] = await named((on) => user.authenticateUser(details(password), on), ["totpRequired"]);
equal(outcome, "totpRequired", "sign-in on a new device");
// The code of now may have been used to set the token up; the next one is as good.
const later = otplib.authenticator.clone({ epoch: Date.now() + 30_000 });
[outcome] = await named((on) => user.sendMFACode(later.generate(secret), on, "SOFTWARE_TOKEN_MFA"));
equal(outcome, "onSuccess", "TOTP");
step("software token set up and asked for");
await named((on) => user.setDeviceStatusRemembered(on));
user = new cognito.CognitoUser({ Username: username, Pool: pool, Storage });
[outcome, session] = await named((on) => user.authenticateUser(details(password), on), ["totpRequired"]);
equal(outcome, "onSuccess", "sign-in on the remembered device needs no code");
step("remembered device signed in with its own SRP proof");

await call((done) => user.refreshSession(session.getRefreshToken(), done));
const given = new cognito.CognitoUserAttribute({ Name: "given_name", Value: "Cid" });
await call((done) => user.updateAttributes([given], done));
const attributes = await call((done) => user.getUserAttributes(done));
equal(attributes.find((a) => a.getName() === "given_name")?.getValue(), "Cid", "given_name");
await call((done) => user.changePassword(password, newPassword, done));
step("refreshed, attribute and password changed");

await named((on) => user.globalSignOut(on));
user = new cognito.CognitoUser({ Username: username, Pool: pool, Storage });
const refused = await named((on) => user.authenticateUser(details(password), on)).catch((e) => e.code);
equal(refused, "NotAuthorizedException", "the old password");
await named((on) => user.authenticateUser(details(newPassword), on));
await call((done) => user.deleteUser(done));
step("signed out, deleted");
