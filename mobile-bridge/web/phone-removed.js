// @ts-check
// Asks the phone to drop the line from its own list of saved log-ins, where it can be asked.
const { key: credentialId = "", party: rpId = "" } = /** @type {HTMLElement} */ (document.getElementById("removed")).dataset;
const keeper = /** @type {any} */ (globalThis.PublicKeyCredential);
if (credentialId && keeper?.signalUnknownCredential) keeper.signalUnknownCredential({ rpId, credentialId }).catch(() => {}); // the page has said what to do
