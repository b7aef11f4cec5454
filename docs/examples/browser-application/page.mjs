// A page without a server of its own: code flow with PKCE, tokens bound to a key that cannot leave this browser (DPoP), renewed by a
// refresh token, and forgotten when the provider logs the person out.

const { authority } = await (await fetch("/settings.json")).json();
const here = location.origin;

const manager = new oidc.UserManager({
  authority,
  client_id: "exempelsidan",
  redirect_uri: `${here}/`,
  post_logout_redirect_uri: `${here}/`,
  scope: "openid offline_access https://id.oidc.se/scope/naturalPersonOrgId",
  userStore: new oidc.WebStorageStateStore({ store: localStorage }), // front-channel logout comes in another frame
  dpop: { bind_authorization_code: true, store: new oidc.IndexedDbDPoPStore() },
});

const element = (id) => document.getElementById(id);
const tell = (words) => { element("who").textContent = words; };

function show(user) {
  element("log-in").hidden = Boolean(user);
  element("renew").hidden = element("log-out").hidden = !user;
  if (!user) tell("Ingen är inloggad.");
}

/** UserInfo with a proof of the key that the token is bound to; the library asks for it without. Once more where the provider names a newer nonce. */
async function name(user) {
  const address = await manager.metadataService.getUserInfoEndpoint();
  let nonce;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const proof = await manager.dpopProof(address, user, "GET", nonce);
    const answer = await fetch(address, { headers: { authorization: `DPoP ${user.access_token}`, dpop: proof } });
    if (answer.ok) return (await answer.json()).name;
    nonce = answer.headers.get("dpop-nonce");
  }
  throw new Error("UserInfo was refused");
}

/** OpenID Connect Front-Channel Logout 1.0 §2: the provider opened this address in a frame. */
async function forget(query) {
  const user = await manager.getUser();
  const isOurs = query.get("iss") === authority && query.get("sid") === user?.profile.sid;
  if (user && isOurs) await manager.removeUser();
}

async function start() {
  const query = new URLSearchParams(location.search);
  if (location.pathname === "/glom") return forget(query);
  if (query.has("state") && (query.has("code") || query.has("error"))) {
    await manager.signinCallback();
    history.replaceState(null, "", "/");
  }
  const user = await manager.getUser();
  show(user);
  if (user) tell(`Hej ${await name(user)}`);
}

element("log-in").onclick = () => manager.signinRedirect();
element("renew").onclick = async () => {
  const before = (await manager.getUser()).access_token;
  const user = await manager.signinSilent();
  tell(`Hej ${await name(user)}, ${user.access_token === before ? "inte förnyad" : "förnyad"}`);
};
element("log-out").onclick = () => manager.signoutRedirect();
await start().catch((error) => { show(null); tell(`Inte inloggad: ${error.error ?? error.message}`); });
