// npm oidc-provider on loopback: every refresh rotates, a replay revokes the grant, and `/_server/` counts and steers.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const SCOPE = 'openid offline_access';
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
const steering = { access_token_lifetime_secs: 3600, refresh_delay_ms: 0 };
const counters = {};
const refreshes = [];
let newest = '';

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const client = (client_id, grant_types) => ({
  client_id,
  grant_types,
  application_type: 'native',
  // Two, so that none can be assumed.
  redirect_uris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
  response_types: ['code'],
  scope: SCOPE,
  token_endpoint_auth_method: 'none',
});

const provider = new Provider(issuer, {
  clients: [
    client('evergrant', ['authorization_code', 'refresh_token', DEVICE_CODE]),
    client('other', ['authorization_code', 'refresh_token', DEVICE_CODE]),
  ],
  clockTolerance: 0,
  cookies: { keys: ['loopback'] },
  features: {
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: async () => true,
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope(SCOPE);
    await grant.save();
    return grant;
  },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: {
    AccessToken: () => steering.access_token_lifetime_secs,
    AuthorizationCode: 60,
    DeviceCode: 600,
    Grant: 86_400,
    IdToken: 3600,
    Interaction: 600,
    RefreshToken: 86_400,
    Session: 86_400,
  },
});

const count = (name) => { counters[name] = (counters[name] ?? 0) + 1; };
// Of a token no more than is needed to tell it from others.
const fingerprint = (secret) => (secret ? createHash('sha256').update(secret).digest('hex').slice(0, 8) : null);

provider.use(async (ctx, next) => {
  await next();
  if (ctx.method !== 'POST') return;
  const params = ctx.oidc?.params ?? {};
  if (ctx.path === '/token') {
    count('token_requests');
    newest = ctx.body?.refresh_token ?? newest;
    if (params.grant_type === 'refresh_token') {
      count('refreshes');
      count(ctx.status === 200 ? 'rotations' : 'refreshes_refused');
      refreshes.push({ sent: fingerprint(params.refresh_token), status: ctx.status, answered: fingerprint(ctx.body?.refresh_token) });
      // Whoever waits for the answer waits; the rotation is done.
      await new Promise((over) => setTimeout(over, steering.refresh_delay_ms));
    }
  }
  if (ctx.path === '/token/revocation') count('revocations');
});

const answer = provider.callback();
server.on('request', async (request, response) => {
  const url = new URL(request.url, issuer);
  if (url.pathname === '/_server/counters') {
    response.end(JSON.stringify(counters));
  } else if (url.pathname === '/_server/refreshes') {
    response.end(JSON.stringify(refreshes));
  } else if (url.pathname === '/_server/newest') {
    response.end(JSON.stringify({ refresh_token: newest }));
  } else if (url.pathname === '/_server/steer') {
    for (const [name, value] of url.searchParams) steering[name] = Number(value);
    response.end(JSON.stringify(steering));
  } else if (url.pathname.startsWith('/interaction/')) {
    const consent = { login: { accountId: 'user-1' }, consent: {} };
    await provider.interactionFinished(request, response, consent, { mergeWithLastSubmission: false });
  } else {
    await answer(request, response);
  }
});

console.log(JSON.stringify({ event: 'listening', issuer }));
// Whoever started it holds stdin open; when that ends, so does this.
process.stdin.on('end', () => process.exit(0)).resume();
