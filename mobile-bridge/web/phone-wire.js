// @ts-check
// What the phone's pages say to the server and how they write bytes.

/** @param {BufferSource} source */
export function toText(source) {
  const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} text base64url */
export function toBytes(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

/** Whether this browser lets a page use the screen lock. */
export const canLock = () => isSecureContext && "PublicKeyCredential" in window && "credentials" in navigator;

/**
 * A signature over the challenge, made behind the screen lock; without a key the person chooses one.
 * @param {{ challenge: string, key?: string, party: string, hints?: string[] }} wanted
 */
export async function unlocked({ challenge, key = "", party, hints = [] }) {
  const asked = {
    challenge: toBytes(challenge), rpId: party, userVerification: /** @type {const} */ ("required"), hints,
    allowCredentials: key ? [{ type: /** @type {const} */ ("public-key"), id: toBytes(key) }] : [],
  };
  const given = /** @type {PublicKeyCredential} */ (await navigator.credentials.get({ publicKey: asked }));
  const response = /** @type {AuthenticatorAssertionResponse} */ (given.response);
  return {
    by: "webauthn",
    authenticator_data: toText(response.authenticatorData),
    client_data_json: toText(response.clientDataJSON),
    credential_id: toText(given.rawId),
    signature: toText(response.signature),
  };
}

/** A refusal, in the server's own words. */
export class Refusal extends Error {}

/**
 * Asks the server. Throws {@link Refusal} with a sentence for the person when it says no, anything else when it does not answer.
 * @param {string} address
 * @param {unknown} [body] sent with POST when there is one
 * @returns {Promise<any>}
 */
export async function ask(address, body) {
  const headers = { accept: "application/json", "content-type": "application/json" };
  const answer = await fetch(address, body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) });
  const said = answer.headers.get("content-type")?.includes("json") ? await answer.json() : undefined;
  if (answer.ok) return said;
  throw new Refusal((document.documentElement.lang === "en" ? said?.en : said?.sv) ?? `${answer.status}`);
}

/**
 * A line that tells what is happening. Its sentences stand in its own data attributes.
 * @param {HTMLElement} line
 * @param {string} words
 * @param {"" | "ok" | "bad"} [tone]
 */
export function say(line, words, tone = "") {
  line.className = `note ${tone}`;
  line.textContent = words;
  line.hidden = false;
}

/**
 * The sentence for what went wrong.
 * @param {unknown} error
 * @param {DOMStringMap} words
 */
export function sentence(error, words) {
  if (error instanceof Refusal) return error.message;
  const isLock = error instanceof DOMException && error.name !== "NetworkError";
  return (isLock ? words.stopped : words.again) ?? "";
}
