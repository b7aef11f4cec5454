// @ts-check
// One button: the browser makes a key behind the screen lock, and the server takes it.
import { ask, canLock, say, sentence, toBytes, toText } from "/assets/phone-wire.js";

const button = /** @type {HTMLButtonElement | null} */ (document.getElementById("make"));
const status = /** @type {HTMLElement} */ (document.getElementById("status"));
const impossible = /** @type {HTMLElement} */ (document.getElementById("impossible"));

/** @type {Promise<PublicKeyCredentialCreationOptions> | undefined} */
let options;

/** Fetched before the button is pressed: some browsers ask for the lock only straight after a touch. */
async function fetchOptions() {
  const asked = await ask("/telefon/ny/val", { invitation: button?.dataset.invitation });
  const known = (asked.excludeCredentials ?? []).map((/** @type {{ id: string }} */ key) => ({ ...key, id: toBytes(key.id) }));
  return { ...asked, challenge: toBytes(asked.challenge), user: { ...asked.user, id: toBytes(asked.user.id) }, excludeCredentials: known };
}

async function make() {
  if (!button) return;
  button.disabled = true;
  say(status, status.dataset.waits ?? "");
  try {
    options ??= fetchOptions();
    const made = /** @type {PublicKeyCredential} */ (await navigator.credentials.create({ publicKey: await options }));
    const response = /** @type {AuthenticatorAttestationResponse} */ (made.response);
    await ask("/telefon/ny/klar", {
      invitation: button.dataset.invitation,
      made: {
        id: made.id, rawId: toText(made.rawId), type: made.type, extensions: {},
        response: { attestationObject: toText(response.attestationObject), clientDataJSON: toText(response.clientDataJSON) },
      },
    });
    location.replace("/telefon");
  } catch (error) {
    options = undefined;
    say(status, sentence(error, status.dataset), "bad");
    button.disabled = false;
  }
}

if (button && canLock()) {
  options = fetchOptions();
  options.catch(() => { options = undefined; }); // told when the button is pressed
  button.disabled = false;
  button.addEventListener("click", make);
} else {
  impossible.hidden = false;
  for (const id of ["steps", "private"]) document.getElementById(id)?.setAttribute("hidden", "");
  if (button) button.hidden = true;
}
