// The peer of `bench provider`: npm oidc-provider with its in-memory adapter, one process, set up for the same four rows as ours.
// Log-in and consent are answered by the program itself, as our `[test] auto_approve` does.
// node server.mjs PORT
import { generateKeyPairSync } from 'node:crypto';
import Provider, { interactionPolicy } from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const resource = 'https://journal.example';
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const secret = { token_endpoint_auth_method: 'client_secret_basic', client_secret: 'only-for-measuring' };
const redirect = { redirect_uris: ['https://app.example/cb'], response_types: ['code'], id_token_signed_response_alg: 'ES256' };

const provider = new Provider(issuer, {
  clients: [
    { client_id: 'machine', ...secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [], id_token_signed_response_alg: 'ES256' },
    { client_id: 'app', ...secret, ...redirect, grant_types: ['authorization_code', 'refresh_token'] },
    { client_id: 'bound', ...secret, ...redirect, grant_types: ['authorization_code'], dpop_bound_access_tokens: true },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' }] },
  cookies: { keys: ['only-for-measuring'] },
  scopes: ['openid', 'offline_access', 'journal.read'],
  claims: { openid: ['sub'] },
  pkce: { required: () => true },
  ttl: { AccessToken: 300, IdToken: 300, ClientCredentials: 300, AuthorizationCode: 60, RefreshToken: 86400, Grant: 86400, Session: 3600, Interaction: 600 },
  rotateRefreshToken: true,
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
    introspection: { enabled: true, allowedPolicy: () => true },
    pushedAuthorizationRequests: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      defaultResource: (ctx) => (ctx.oidc.params?.grant_type === 'client_credentials' ? ctx.oidc.params.resource : undefined),
      getResourceServerInfo: () => ({
        scope: 'journal.read', audience: resource, accessTokenTTL: 300, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}`, policy: interactionPolicy.base() },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const { prompt, params, session, grantId } = await provider.interactionDetails(ctx.req, ctx.res);
  if (prompt.name === 'login') return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: 'anna' } });
  const grant = (grantId && await provider.Grant.find(grantId)) || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(ctx.req, ctx.res, { consent }, { mergeWithLastSubmission: true });
});

provider.listen(port, '127.0.0.1', () => console.log(`ready ${issuer}`));
