// Serves the page's files; nothing here knows anybody.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const FILES = new Map([
  ["/", ["index.html", "text/html; charset=utf-8"]],
  ["/glom", ["index.html", "text/html; charset=utf-8"]],
  ["/page.mjs", ["page.mjs", "text/javascript"]],
  ["/oidc-client-ts.js", ["node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js", "text/javascript"]],
]);

/** Opens the site. `registration` is what the provider's operator enters; `connect(issuer)` tells the page of the provider. */
export async function openSite({ port = 0, organisation = "2120009994" } = {}) {
  const site = { address: "", authority: "" };
  const server = createServer((request, response) => {
    answer(site, new URL(request.url, site.address).pathname, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  site.address = `http://localhost:${server.address().port}`;
  site.registration = registration(site.address, organisation);
  site.connect = (issuer) => { site.authority = issuer; };
  site.close = () => { server.closeAllConnections?.(); server.close(); };
  return site;
}

const registration = (address, organisation) => `
[[client]]
id = "exempelsidan"
name_sv = "Exempelsidan"
name_en = "The example page"
organisation = "${organisation}"
redirect_uris = ["${address}/"]
post_logout_redirect_uris = ["${address}/"]
frontchannel_logout_uri = "${address}/glom"
frontchannel_logout_session_required = true
grant_types = ["authorization_code", "refresh_token"]
dpop_bound_access_tokens = true
sso_group = "exempel"
userinfo_signed = false
scopes = ["https://id.oidc.se/scope/naturalPersonOrgId"]
`;

async function answer(site, path, response) {
  if (path === "/settings.json") return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ authority: site.authority }));
  const [file, type] = FILES.get(path) ?? [];
  if (!file) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(await readFile(new URL(file, import.meta.url)));
}
